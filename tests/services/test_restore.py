"""A restore gives back everything or touches nothing; what is past the rule goes, and nothing else with it."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync_server.errors import Problem
from sync_server.node import RESTORING, Node
from sync_server.operator_errors import (
    BackupDamaged,
    FolderNotEmpty,
    NoBackupHere,
    OtherDatabase,
    RestoreUnfinished,
    WrongBackupSecret,
)
from sync_server.services.backup import back_up
from sync_server.services.backup_keys import Secret
from sync_server.services.prove_backup import prove_backup
from sync_server.services.restore import restore
from sync_server.settings import Settings
from tests.support.backups import PASSPHRASE, SECRET, contents, restored, with_settings
from tests.support.postgresql import PostgresqlServer
from tests.support.samples import publish_visit, send, visit

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


@pytest.fixture
def filled(hub: Node) -> Node:
    publish_visit(hub)
    for n in range(3):
        send(hub, visit(str(n), photo="a.jpg"), [("a.jpg", b"photo %d" % n * 50_000)])
    return with_settings(hub, backup_passphrase=PASSPHRASE)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk"


def test_a_wrong_passphrase_says_so_and_touches_nothing(filled: Node, disk: Path, tmp_path: Path) -> None:
    made = back_up(filled, disk)
    with pytest.raises(WrongBackupSecret):
        restore(made.path, Settings(data=tmp_path / "new"), Secret("wheat"))
    assert not (tmp_path / "new").exists()


def test_no_damage_to_a_back_up_goes_unnoticed(filled: Node, disk: Path, tmp_path: Path) -> None:
    """Every file of it, at its beginning, middle and end: altered, cut, gone."""
    made = back_up(filled, disk)
    new = tmp_path / "new"
    new.mkdir()
    for name, content in contents(disk).items():
        for place in (0, len(content) // 2, len(content) - 1):
            for damaged in (content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :], content[:place]):
                (disk / name).write_bytes(damaged)
                with pytest.raises(BackupDamaged):
                    restore(made.path, Settings(data=new), SECRET)
                assert list(new.iterdir()) == []
        if not name.endswith(".backup"):
            (disk / name).unlink()
            with pytest.raises(BackupDamaged):
                prove_backup(filled, made.path)
        (disk / name).write_bytes(content)
    restore(made.path, Settings(data=new), SECRET)


def test_a_folder_in_use_is_refused(filled: Node, disk: Path) -> None:
    made = back_up(filled, disk)
    before = (filled.settings.data / "node.key").read_bytes()
    with pytest.raises(FolderNotEmpty):
        restore(made.path, filled.settings, SECRET)
    assert (filled.settings.data / "node.key").read_bytes() == before


def test_the_other_kind_of_database_is_refused(
    filled: Node, disk: Path, tmp_path: Path, postgresql: PostgresqlServer
) -> None:
    made = back_up(filled, disk)
    with pytest.raises(OtherDatabase):
        restore(made.path, Settings(data=tmp_path / "new", database_url=postgresql.new_database()), SECRET)
    assert not (tmp_path / "new").exists()


def test_a_postgresql_database_in_use_is_refused(tmp_path: Path, disk: Path, postgresql: PostgresqlServer) -> None:
    url = postgresql.new_database()
    with Node.open(Settings(data=tmp_path / "centre", database_url=url, min_free_bytes=0)) as centre:
        made = back_up(with_settings(centre, backup_passphrase=PASSPHRASE), disk)
    with pytest.raises(OtherDatabase):
        restore(made.path, Settings(data=tmp_path / "new", database_url=url), SECRET)
    with pytest.raises(OtherDatabase):
        restore(made.path, Settings(data=tmp_path / "new"), SECRET)


def test_a_folder_names_its_newest_back_up(filled: Node, disk: Path, tmp_path: Path) -> None:
    back_up(filled, disk, now=NOW)
    send(filled, visit("later"))
    newest = back_up(filled, disk, now=NOW + timedelta(days=1))
    for number, folder in enumerate((disk, disk / filled.id)):
        found = restore(folder, Settings(data=tmp_path / f"new{number}"), SECRET)
        assert found.header == newest.header
    with pytest.raises(NoBackupHere):
        restore(tmp_path / "new0", Settings(data=tmp_path / "other"), SECRET)


def test_a_restore_that_broke_off_is_not_taken_for_a_node(filled: Node, tmp_path: Path) -> None:
    (tmp_path / "new" / RESTORING).mkdir(parents=True)
    with pytest.raises(RestoreUnfinished):
        Node.open(Settings(data=tmp_path / "new"))


def test_back_ups_past_the_rule_go_and_those_that_stay_are_whole(filled: Node, disk: Path, tmp_path: Path) -> None:
    node = with_settings(filled, backup_keep_days=2, backup_keep_weeks=1)
    for day in range(5):
        send(node, visit(f"day {day}", photo="d.jpg"), [("d.jpg", b"photo of day %d" % day * 9000)])
        back_up(node, disk, now=NOW + timedelta(days=day))
        _age(disk)
    left = sorted(disk.rglob("*.backup"))
    assert [path.name[:8] for path in left] == ["20261125", "20261126"]
    for number, path in enumerate(left):
        with restored(path, tmp_path / f"new{number}"):
            pass


def test_what_no_back_up_names_is_forgotten_after_a_day(filled: Node, disk: Path) -> None:
    node = with_settings(filled, backup_keep_days=1, backup_keep_weeks=0)
    back_up(node, disk, now=NOW)
    (photo, *_) = filled.blobs.iter_ids()
    filled.blobs.delete(photo)
    _age(disk)
    before = sum(1 for path in disk.rglob("contents-*/*/*"))
    back_up(node, disk, now=NOW + timedelta(days=1))
    assert sum(1 for path in disk.rglob("contents-*/*/*")) <= before


def test_an_expired_back_up_goes_even_when_no_newer_took_its_place(filled: Node, disk: Path) -> None:
    old = back_up(filled, disk, now=NOW)
    back_up(filled, disk, now=NOW + timedelta(days=36))
    assert not old.path.exists()


def test_every_refusal_says_that_nothing_was_touched() -> None:
    for problem in (BackupDamaged, WrongBackupSecret, FolderNotEmpty, OtherDatabase):
        assert issubclass(problem, Problem)
        assert "othing was touched" in problem.message


def _age(folder: Path) -> None:
    """Make everything look two days old, as time would."""
    for path in folder.rglob("*"):
        os.utime(path, (time.time() - 2 * 86400,) * 2)
