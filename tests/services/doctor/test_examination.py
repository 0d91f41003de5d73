"""A whole examination: changes nothing, and needs neither a running server nor a database."""

import os
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.doctor import examination
from sync_server.services.doctor.finding import Finding, Verdict
from sync_server.services.doctor.scene import Scene
from sync_server.settings import Settings
from tests.services.doctor.conftest import Examine
from tests.support.samples import publish_visit, send, visit
from tests.support.server import free_port


def tree(folder: Path) -> Mapping[str, tuple[int, int]]:
    """Every file and folder, with size and time of writing."""
    paths = [folder, *folder.rglob("*")]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in paths}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data=tmp_path / "hub", min_free_bytes=0, port=free_port())
    with Node.open(settings) as node:
        publish_visit(node)
        send(node, visit(photo="a.jpg"), [("a.jpg", b"a photo")])
        consumers.catch_up(node)
    return settings


def test_nothing_in_the_folder_changes(settings: Settings, examined: Examine) -> None:
    before = tree(settings.data)
    found = examined(settings)
    assert tree(settings.data) == before
    assert [each.verdict for each in found["database"]] == [Verdict.FINE]


def test_nothing_is_made_where_there_is_nothing(tmp_path: Path, examined: Examine) -> None:
    found = examined(Settings(data=tmp_path / "dota", port=free_port()))
    assert not (tmp_path / "dota").exists()
    assert [found[topic][0].verdict for topic in ("data folder", "database")] == [Verdict.ACT] * 2
    assert "processing" not in found


def test_a_node_in_use_on_either_database_is_found_whole(node: Node, examined: Examine) -> None:
    publish_visit(node)
    send(node, visit(photo="a.jpg"), [("a.jpg", b"a photo")])
    send(node, visit("two", form="stranger"))
    consumers.catch_up(node)
    found = examined(node.settings)
    for topic in ("database", "processing", "files", "node.key"):
        assert [each.verdict for each in found[topic]] == [Verdict.FINE], found[topic]
    assert found["people"][0].found == "1 submission and 0 unreadable uploads wait for you."


def test_a_newer_database_is_said_and_left_alone(settings: Settings, examined: Examine) -> None:
    _execute(settings, "UPDATE alembic_version SET version_num = '9999'")
    before = tree(settings.data)
    [found] = examined(settings)["database"]
    assert (found.verdict, "newer version" in found.found) == (Verdict.ACT, True)
    assert tree(settings.data) == before


def test_an_older_database_is_not_upgraded(
    settings: Settings, examined: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync_server.store.inspection.is_newest", lambda revision: False)
    [found] = examined(settings)["database"]
    assert found.verdict is Verdict.LOOK
    assert "Back up before" in found.advice


def test_a_lost_database_is_said(settings: Settings, examined: Examine) -> None:
    (settings.data / "sync.db").unlink()
    [found] = examined(settings)["database"]
    assert (found.verdict, "gone" in found.found) == (Verdict.ACT, True)


def test_a_file_that_is_no_database_is_said(settings: Settings, examined: Examine) -> None:
    (settings.data / "sync.db").write_bytes(b"what somebody wrote over it\n" * 200)
    [found] = examined(settings)["database"]
    assert (found.verdict, "not a database" in found.found) == (Verdict.ACT, True)


def test_damaged_pages_are_said(settings: Settings, examined: Examine) -> None:
    content = bytearray((settings.data / "sync.db").read_bytes())
    content[20_000:60_000] = os.urandom(40_000)
    (settings.data / "sync.db").write_bytes(content)
    assert any(each.verdict is Verdict.ACT for each in examined(settings)["database"])


def test_a_database_held_by_another_program_is_worth_a_second_look(
    settings: Settings, examined: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync_server.store.inspection.BUSY_SECONDS", 0)
    other = sqlite3.connect(settings.data / "sync.db", isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    [found] = examined(settings)["database"]
    other.close()
    assert (found.verdict, "Another program" in found.advice) == (Verdict.LOOK, True)


def test_a_database_that_is_away_is_said_without_its_password(tmp_path: Path, examined: Examine) -> None:
    url = "postgresql+psycopg://somebody:hidden@127.0.0.1:1/nothing"
    found = examined(Settings(data=tmp_path, database_url=url, port=free_port()))
    assert found["database"][0].verdict is Verdict.ACT
    assert "hidden" not in str(found)


def test_a_check_that_fails_does_not_silence_the_others(
    settings: Settings, examined: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_scene: Scene) -> Finding:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(examination, "CHECKS", (("memory", fail), *examination.CHECKS[-1:]))
    found = examined(settings, datetime.now(UTC))
    assert found["memory"][0].found == "This could not be looked at: Permission denied."
    assert "time zone rules" in found


def _execute(settings: Settings, statement: str) -> None:
    connection = sqlite3.connect(settings.data / "sync.db")
    connection.execute(statement)
    connection.commit()
    connection.close()
