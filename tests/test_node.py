"""Opening nodes: any number in one process, never a new one over a lost database."""

from pathlib import Path

import pytest

from sync_server.node import Node
from sync_server.operator_errors import DatabaseTooNew, DatabaseUnusable, DataMissing, FolderUnusable
from sync_server.settings import Settings
from tests.support.samples import publish_visit, send, visit


def test_a_node_keeps_its_identity_and_its_data(tmp_path: Path) -> None:
    with Node.open(Settings(data=tmp_path)) as node:
        send(node, visit())
        first, key = node.id, node.key
    with Node.open(Settings(data=tmp_path)) as node:
        assert (node.id, node.key) == (first, key)
        assert not send(node, visit()).is_new


def test_two_nodes_in_one_process_know_nothing_of_each_other(tmp_path: Path) -> None:
    with Node.open(Settings(data=tmp_path / "hub")) as hub, Node.open(Settings(data=tmp_path / "centre")) as centre:
        assert hub.id != centre.id
        publish_visit(hub)
        assert send(hub, visit()).form_state == "open"
        assert send(centre, visit()).form_state == "unknown"


def test_a_lost_database_is_not_begun_anew(tmp_path: Path) -> None:
    """A disposable database beside a kept folder reset a whole server elsewhere; here it stops the start."""
    Node.open(Settings(data=tmp_path)).close()
    for file in tmp_path.glob("sync.db*"):
        file.unlink()
    with pytest.raises(DataMissing, match="Restore the database"):
        Node.open(Settings(data=tmp_path))
    assert (tmp_path / "node.key").exists()


def test_a_database_of_a_newer_program_is_left_alone(node: Node) -> None:
    with node.database.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseTooNew, match="newer version"):
        Node.open(node.settings)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(FolderUnusable, match="another folder"):
        Node.open(Settings(data=tmp_path / "file"))


def test_a_file_that_is_no_database_is_said_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "sync.db").write_text("this is no database, but what somebody wrote\n" * 40)
    with pytest.raises(DatabaseUnusable, match="not a database"):
        Node.open(Settings(data=tmp_path))
    assert (tmp_path / "sync.db").read_text().startswith("this is no database")


def test_a_database_that_cannot_be_written_is_said_at_the_start_not_at_the_first_upload(tmp_path: Path) -> None:
    Node.open(Settings(data=tmp_path)).close()
    read_only = f"sqlite:///file:{tmp_path / 'sync.db'}?mode=ro&uri=true"
    with pytest.raises(DatabaseUnusable, match="readonly"):
        Node.open(Settings(data=tmp_path, database_url=read_only))


def test_a_database_that_does_not_answer_is_said(tmp_path: Path) -> None:
    url = "postgresql+psycopg://somebody:hidden@127.0.0.1:1/nothing"
    with pytest.raises(DatabaseUnusable, match="refused") as problem:
        Node.open(Settings(data=tmp_path, database_url=url))
    assert "hidden" not in problem.value.text


def test_a_new_data_folder_is_for_its_owner_only(hub: Node) -> None:
    assert hub.settings.data.stat().st_mode & 0o777 == 0o700


def test_the_key_is_for_its_owner_only(hub: Node) -> None:
    assert (hub.settings.data / "node.key").stat().st_mode & 0o777 == 0o600


def test_the_key_is_never_shown(hub: Node) -> None:
    assert hub.key.hex() not in repr(hub)
    assert repr(hub.key) not in repr(hub)
