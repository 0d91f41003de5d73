"""What goes wrong at the command line is said in a sentence: no stack trace, and no node begun by mistake."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sync_server.cli import main
from sync_server.node import Node
from sync_server.services.shipped_forms import shipped_forms
from sync_server.settings import Settings
from tests.support.form_tables import meeting_form
from tests.support.new_folder import new_folder


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(data), *arguments])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    Node.open(Settings(data=new_folder(tmp_path / "data"))).close()
    return tmp_path / "data"


@pytest.mark.parametrize(
    "command", ["verify", "rebuild", "digest", "quarantine", "export visit", "form list", "device list", "user list"]
)
def test_a_misspelt_folder_is_said_and_not_made(tmp_path: Path, command: str) -> None:
    result = run(tmp_path / "dota", *command.split())
    assert result.exit_code == 1
    assert "There is no node in the folder" in result.stderr
    assert not (tmp_path / "dota").exists()


@pytest.mark.parametrize("command", ["export visit", "form close visit", "form reopen visit"])
def test_an_unknown_form_is_named_with_where_to_look(data: Path, command: str) -> None:
    result = run(data, *command.split())
    assert result.exit_code == 1
    assert "There is no form visit in project 1. See those there are: sync-server form list" in result.stderr


def test_an_unknown_project_is_named(data: Path) -> None:
    result = run(data, "publish", str(shipped_forms()), "--project", "9")
    assert (result.exit_code, result.stderr) == (1, "Error: There is no project 9.\n")


@pytest.mark.parametrize("command", ["accept uuid:one", "settle uuid:one --keep ab"])
def test_an_unknown_instance_is_named_with_where_to_look(data: Path, command: str) -> None:
    result = run(data, "quarantine", *command.split(), "--reason", "a test")
    assert result.exit_code == 1
    assert "There is no submission uuid:one. See what waits" in result.stderr


def test_empty_lists_say_what_to_do(data: Path) -> None:
    assert "sync-server publish" in run(data, "form", "list").stdout
    assert "sync-server user add" in run(data, "user", "list").stdout
    assert "sync-server device add" in run(data, "device", "list").stdout


def test_a_picture_that_cannot_be_written_is_said(data: Path) -> None:
    run(data, "device", "add", "Tablet 7")
    result = run(data, "device", "qr", "Tablet 7", "--png", str(data / "no folder" / "code.png"))
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].endswith("code.png: No such file or directory")


def test_a_tablet_needs_a_name(data: Path) -> None:
    result = run(data, "device", "add", " ")
    assert (result.exit_code, "such as 'Tablet 7'" in result.stderr) == (1, True)


def test_verify_says_each_fault_on_a_line_of_its_own(data: Path, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "forums.csv").write_bytes(b"name,label\n")
    (tmp_path / "meeting.md").write_bytes(meeting_form())
    run(data, "publish", str(tmp_path / "meeting.md"))
    blob = next((data / "blobs").glob("[0-9a-f][0-9a-f]/*"))
    blob.write_bytes(b"what a failing disk made of it")
    result = run(data, "verify")
    assert result.exit_code == 1
    found, summary = result.stderr.splitlines()[-2:]
    assert found.startswith("The ")
    assert "is damaged" in found
    assert summary.startswith("Error: ")


def test_a_damaged_database_is_said(data: Path) -> None:
    (data / "sync.db").write_bytes(b"what somebody wrote over it\n" * 200)
    result = run(data, "verify")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The database cannot be used: file is not a database.")


def test_a_folder_of_a_newer_version_is_refused_with_the_reason(data: Path) -> None:
    with closing(sqlite3.connect(data / "sync.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    for command in ("verify", "serve", "form list"):
        result = run(data, *command.split())
        assert result.exit_code == 1
        assert "made by a newer version of this program (revision 9999)" in result.stderr
    assert list(data.glob("sync.db.before*")) == []
