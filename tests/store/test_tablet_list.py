"""The list that a tablet keeps of its forms is read from a copy, whatever state it is in, and nothing else of it."""

import os
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sync_server.core.collect_folder import DELETED, DRAFT, FINISHED, UNDECIDED
from sync_server.services.tablet_copy import open_plain
from sync_server.store import tablet_list
from sync_server.store.tablet_list import ListedInstance, ListUnreadable, read_list
from tests.support.collect_copy import SAVED, CollectCopy


@pytest.fixture
def copy(tmp_path: Path) -> CollectCopy:
    return CollectCopy.make(tmp_path / "tablet")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def read(copy: CollectCopy, scratch: Path) -> dict[str, ListedInstance]:
    return read_list(copy.list_path, scratch, open_plain)


def test_each_instance_is_listed_by_its_folder_with_form_state_and_time(copy: CollectCopy, scratch: Path) -> None:
    copy.list("a", "complete")
    copy.list("b", "incomplete")
    copy.list("c", "submitted", deleted=True)
    copy.list("d", "archived")
    found = read(copy, scratch)
    assert {name: row.standing for name, row in found.items()} == {
        "a": FINISHED, "b": DRAFT, "c": DELETED, "d": UNDECIDED,
    }  # fmt: skip
    assert (found["a"].file, found["a"].form_id, found["a"].saved_at) == ("a.xml", "visit", SAVED)


def test_old_collect_named_the_whole_path(copy: CollectCopy, scratch: Path) -> None:
    copy.list("a", "complete", prefix="/storage/emulated/0/odk/instances/")
    assert read(copy, scratch)["a"].file == "a.xml"


def test_a_list_from_before_there_were_deleted_ones_is_read(copy: CollectCopy, scratch: Path) -> None:
    with closing(sqlite3.connect(copy.list_path)) as connection, connection:
        connection.execute("CREATE TABLE instances (_id integer, instanceFilePath, jrFormId, status, date)")
        connection.execute("INSERT INTO instances VALUES (1, 'a/a.xml', 'visit', 'complete', 'yesterday')")
    assert (read(copy, scratch)["a"].standing, read(copy, scratch)["a"].saved_at) == (FINISHED, None)


def test_what_is_only_in_the_write_ahead_log_counts_and_nothing_is_written_beside(
    copy: CollectCopy, scratch: Path
) -> None:
    copy.list("a", "incomplete")
    with closing(sqlite3.connect(copy.list_path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("UPDATE instances SET status = 'complete'")
        connection.commit()
        as_copied = {path.name: path.read_bytes() for path in copy.list_path.parent.iterdir()}
    for path in copy.list_path.parent.iterdir():
        path.unlink()
    for name, content in as_copied.items():
        if not name.endswith("-shm"):
            (copy.list_path.parent / name).write_bytes(content)
    before = copy.files()
    assert any(name.endswith("-wal") for name in before)
    assert read(copy, scratch)["a"].standing == FINISHED
    assert copy.files() == before


def test_a_journal_cannot_name_further_files_to_be_deleted(copy: CollectCopy, scratch: Path) -> None:
    copy.list("a", "complete")
    journal = copy.list_path.with_name("instances.db-journal")
    journal.write_bytes(b"\0" * 512 + b"/etc/somewhere" + bytes.fromhex("d9d505f920a163d7"))
    assert read(copy, scratch)["a"].standing == FINISHED
    assert [path.name for path in scratch.iterdir()] == ["instances.db"]


def test_a_truncated_list_is_said_to_be_unreadable_or_read_and_is_no_accident(copy: CollectCopy, scratch: Path) -> None:
    for number in range(200):
        copy.list(f"visit_{number}", "complete")
    whole = copy.list_path.read_bytes()
    seed = 20261130
    print(f"seed {seed}")
    chance = random.Random(seed)
    unreadable = 0
    for _ in range(40):
        damaged = bytearray(whole[: chance.randrange(len(whole))])
        for _ in range(chance.randrange(20)):
            if damaged:
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        copy.list_path.write_bytes(damaged)
        try:
            assert len(read(copy, scratch)) <= 200
        except ListUnreadable:
            unreadable += 1
    assert unreadable > 20


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE forms (a)",
        "CREATE VIEW instances AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT i AS _id, 'a/a.xml' AS instanceFilePath, 'f' AS jrFormId, 'complete' AS status, 1 AS date FROM n",
        "CREATE TABLE instances (a)",
    ],
)
def test_a_database_that_is_no_list_is_said_to_be_unreadable(copy: CollectCopy, scratch: Path, statement: str) -> None:
    with closing(sqlite3.connect(copy.list_path)) as connection, connection:
        connection.execute(statement)
    with pytest.raises(ListUnreadable):
        read(copy, scratch)


def test_a_list_that_would_take_for_ever_is_given_up(
    copy: CollectCopy, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tablet_list, "_STEPS", 100)
    monkeypatch.setattr(tablet_list, "_MOST_TIMES", 3)
    for number in range(100):
        copy.list(f"visit_{number}", "complete")
    with pytest.raises(ListUnreadable, match="interrupted"):
        read(copy, scratch)


def test_a_list_that_is_too_large_is_not_copied(
    copy: CollectCopy, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy.list("a", "complete")
    monkeypatch.setattr(tablet_list, "LARGEST_LIST", 100)
    with pytest.raises(ListUnreadable, match="too large"):
        read(copy, scratch)


def test_a_pipe_in_its_place_is_not_waited_for(copy: CollectCopy, scratch: Path) -> None:
    os.mkfifo(copy.list_path)
    with pytest.raises(ListUnreadable, match="not a file"):
        read(copy, scratch)
