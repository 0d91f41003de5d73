"""Disk, memory, clock, permissions, versions: what the machine itself may lack."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from types import SimpleNamespace

import pytest

from sync_server.node import Node
from sync_server.services.doctor import clock, disk, memory, network_folder, permissions, versions
from sync_server.services.doctor.finding import Verdict
from sync_server.services.doctor.scene import Scene
from tests.services.doctor.conftest import NOW
from tests.support.samples import send, visit

FREE = 1_000_000_000


@pytest.fixture
def with_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = SimpleNamespace(free=FREE, total=64 * FREE)
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _folder: usage)


@pytest.mark.usefixtures("with_disk")
@pytest.mark.parametrize(
    ("reserve", "verdict"), [(0, "fine"), (FREE // 4, "fine"), (FREE // 2, "look"), (FREE + 1, "act")]
)
def test_free_space_is_held_against_the_reserve(scene: Scene, reserve: int, verdict: str) -> None:
    settings = replace(scene.settings, min_free_bytes=reserve)
    assert disk.check_disk(replace(scene, settings=settings)).verdict == verdict


@pytest.mark.usefixtures("with_disk")
@pytest.mark.parametrize(("days", "verdict"), [(2, "act"), (10, "look"), (60, "fine")])
def test_free_space_is_held_against_the_growth_of_the_last_days(
    hub: Node, scene: Scene, days: int, verdict: str
) -> None:
    send(hub, visit(photo="a.jpg"), [("a.jpg", bytes(100_000))])
    daily = 100_000 * disk.OVERHEAD
    settings = replace(scene.settings, min_free_bytes=int(FREE - days * daily))
    if days == 60:
        settings = replace(settings, min_free_bytes=0)
    finding = disk.check_disk(replace(scene, settings=settings))
    assert finding.verdict == verdict
    assert "it grew by about" in finding.found


def test_memory_is_read_where_the_system_writes_it_down(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "meminfo"
    monkeypatch.setattr(memory, "SOURCE", source)
    assert memory.check_memory(scene).found.startswith("Unknown")
    for free, verdict in ((50_000, "act"), (200_000, "look"), (900_000, "fine")):
        source.write_text(f"MemTotal: 2000000 kB\nMemAvailable:  {free} kB\nHugePages_Total: 0\n")
        assert memory.check_memory(scene).verdict == verdict


@pytest.mark.parametrize(("year", "verdict"), [(1970, "act"), (2026, "fine"), (2099, "act")])
def test_a_year_that_cannot_be_is_said(scene: Scene, year: int, verdict: str) -> None:
    now = datetime(year, 6, 1, tzinfo=UTC)
    assert clock.check_year(replace(scene, now=now)).verdict == verdict


def test_what_is_dated_in_the_future_shows_that_the_clock_went_back(hub: Node, scene: Scene) -> None:
    written = datetime.now(UTC)
    assert list(clock.check_own_past(replace(scene, now=written))) == []
    [finding] = clock.check_own_past(replace(scene, now=written - timedelta(days=40)))
    assert "in the future" in finding.found


@pytest.mark.parametrize(
    ("offsets", "verdict", "said"),
    [
        ([("a", 9000.0), ("b", 3.0)], "fine", "2 tablets"),
        ([("a", 9000.0), ("b", 3.0), ("c", 2.0)], "fine", "3 seconds behind"),
        ([("a", 0.2), ("b", 0.3), ("c", 2.0)], "fine", "right"),
        ([("a", 300.0), ("b", 310.0), ("c", 2.0), ("c", 1.0)], "look", "5 minutes behind"),
        ([("a", -7300.0), ("b", -7200.0), ("c", -7100.0)], "act", "2 hours ahead"),
    ],
)
def test_the_middle_tablet_tells_whose_clock_is_wrong(
    offsets: list[tuple[str, float]], verdict: str, said: str
) -> None:
    finding = clock.judge_offsets(offsets)
    assert finding.verdict == verdict
    assert said in finding.found


def test_the_machines_own_zone_may_be_utc_or_the_offices(scene: Scene) -> None:
    assert clock.check_zone(scene).topic == "time zone"
    assert "UTC+03:00" in clock.check_zone(scene).found


def test_a_folder_that_others_may_read_is_closed_by_a_command(scene: Scene) -> None:
    scene.settings.data.chmod(0o755)
    finding = permissions.check_folder(scene)
    assert finding.verdict == "look"
    assert finding.advice.startswith("Close it: chmod")


def test_a_key_is_looked_at_and_never_shown(scene: Scene) -> None:
    key = scene.settings.data / "node.key"
    secret = key.read_text("ascii").strip()
    [whole] = permissions.check_key(scene)
    key.chmod(0o644)
    [loose] = permissions.check_key(scene)
    key.chmod(0o600)
    key.write_text(secret[:20], "ascii")
    [damaged] = permissions.check_key(scene)
    key.unlink()
    [missing] = permissions.check_key(scene)
    assert [each.verdict for each in (whole, loose, damaged, missing)] == ["fine", "act", "act", "act"]
    assert secret[:20] not in str([whole, loose, damaged, missing])


def test_a_network_share_is_known_by_the_longest_mount_point() -> None:
    mounts = (
        "/dev/sda1 / ext4 rw 0 0\nserver:/x /mnt/my\\040share nfs4 rw 0 0\n/dev/sdb1 /mnt/my\\040share/usb vfat rw 0 0"
    )
    kinds = [
        network_folder.find_kind(mounts, PurePosixPath(folder))
        for folder in ("/home/data", "/mnt/my share/data", "/mnt/my share/usb/data")
    ]
    assert kinds == ["ext4", "nfs4", "vfat"]


def test_versions_are_named(scene: Scene) -> None:
    [finding] = versions.check_versions(scene)
    assert finding.verdict is Verdict.FINE
    assert all(name in finding.found for name in ("Python 3", "SQLite 3", "lxml"))


@pytest.mark.parametrize(("release", "verdict"), [("2021a", "look"), ("2022f", "fine"), ("2025.2", "fine")])
def test_old_rules_of_time_zones_are_said(
    scene: Scene, release: str, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "_system_release", lambda: release)
    assert versions.check_time_zones(scene).verdict == verdict


def test_a_folder_this_account_may_not_write_to_is_said(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path).name != "sync.db")
    finding = permissions.check_folder(replace(scene, now=NOW))
    assert (finding.verdict, "sync.db" in finding.found) == (Verdict.ACT, True)
