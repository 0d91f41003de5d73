"""What the database and the folder hold: consumers behind, files missing or left over, back-ups, tablets' clocks."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.doctor import backup_age, blobs, clock, database, feed
from sync_server.services.doctor.scene import Scene
from sync_server.services.receive_submission import Upload, receive
from sync_server.store import checkpoints
from tests.services.doctor.conftest import NOW
from tests.support.samples import send, visit


def test_what_waits_for_the_consumers_is_counted(hub: Node, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        send(hub, visit(f"{n}"))
    [behind] = feed.check_feed(scene)
    monkeypatch.setattr(feed, "MANY", 2)
    [far_behind] = feed.check_feed(scene)
    consumers.catch_up(hub)
    [done] = feed.check_feed(scene)
    assert (behind.verdict, "of the last moment" in behind.found) == ("fine", True)
    assert far_behind.verdict == "look"
    assert (done.verdict, done.found) == ("fine", "What arrived is handled.")


def test_a_parked_change_asks_for_an_update(hub: Node, scene: Scene) -> None:
    hub.write(lambda session: checkpoints.park_change(session, "resolve", 1, "ValueError: what"))
    [found] = feed.check_feed(scene)
    assert (found.verdict, "1 change;" in found.found) == ("act", True)


@pytest.fixture
def with_files(hub: Node) -> list[Path]:
    """Forty submissions with a photo each; the paths of the photos."""
    for n in range(40):
        send(hub, visit(f"{n}", photo="a.jpg"), [("a.jpg", f"photo {n}".encode())])
    return sorted((hub.settings.data / "blobs").glob("??/*"))


@pytest.mark.usefixtures("with_files")
def test_files_that_are_all_there_are_counted(scene: Scene) -> None:
    [found] = blobs.check_blobs(scene)
    assert (found.verdict, found.found.startswith("40 files")) == ("fine", True)


def test_a_missing_file_is_counted_and_verify_named(scene: Scene, with_files: list[Path]) -> None:
    with_files[0].unlink()
    [found] = blobs.check_blobs(scene)
    assert (found.verdict, found.found) == ("act", "1 file that should be here cannot be found.")


def test_of_many_files_a_sample_is_compared(
    scene: Scene, with_files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blobs, "COMPARE_ALL", 10)
    compared = [path for path in with_files if path.parent.name in blobs.SHARDS[:: blobs.STEP]]
    for path in {*with_files} - {*compared}:
        path.write_bytes(b"")
    for path in compared[:1]:
        path.unlink()
    [found] = blobs.check_blobs(scene)
    assert compared
    assert (found.verdict, found.found.startswith("about 16 files")) == ("act", True)


def test_a_file_of_no_row_is_an_orphan_once_it_is_old(hub: Node, scene: Scene) -> None:
    stored = hub.blobs.put(b"of an upload that broke off")
    [young] = blobs.check_blobs(scene)
    os.utime(hub.settings.data / "blobs" / stored[:2] / stored, (0, 0))
    [old] = blobs.check_blobs(scene)
    assert "belong to nothing" not in young.found
    assert "1 of them belong to nothing" in old.found


def test_a_long_log_is_said(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(database.check_log(scene)) == []
    monkeypatch.setattr(database, "LONG_LOG", 0)
    [found] = database.check_log(scene)
    assert (found.verdict, "log" in found.found) == ("look", True)


def test_tablets_clocks_are_read_from_their_receipts(hub: Node, scene: Scene) -> None:
    header = (NOW + timedelta(hours=2)).strftime("%a, %d %b %Y %I:%M:%S GMT")
    for n in range(3):
        upload = Upload(
            project_id=1, xml=visit(f"{n}"), received_at=NOW, door="test", device_id=f"collect:{n}", client_date=header
        )
        receive(hub, upload)
    [found] = clock.check_against_tablets(scene)
    assert (found.verdict, "2 hours behind, by the clocks of 3 tablets" in found.found) == ("act", True)


def test_the_newest_backup_tells_its_age(hub: Node, scene: Scene, tmp_path: Path) -> None:
    def said(folder: Path | None) -> list[str]:
        settings = SimpleNamespace(backup_folder=folder)
        return [each.verdict for each in backup_age.check_backup(replace(scene, settings=settings))]

    folder = tmp_path / "usb"
    assert said(None) == ["look"]
    assert said(folder) == ["look"]
    (folder / hub.id).mkdir(parents=True)
    assert said(folder) == ["act"]
    backup = folder / hub.id / "one.backup"
    backup.write_bytes(b"")
    for days, verdict in ((0, "fine"), (3, "look"), (9, "act")):
        moment = (NOW - timedelta(days=days)).timestamp()
        os.utime(backup, (moment, moment))
        assert said(folder) == [verdict]


def test_nothing_is_said_of_backups_where_there_is_no_such_setting(scene: Scene) -> None:
    settings = SimpleNamespace(data=scene.settings.data)
    assert list(backup_age.check_backup(replace(scene, settings=settings))) == []
