"""Forms from the command line: what is said, to whom, and with which exit code."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sync_server.cli import main
from sync_server.services.shipped_forms import shipped_forms
from tests.support.form_tables import FAULTY, meeting_form


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "media").mkdir()
    (tmp_path / "meeting.md").write_bytes(meeting_form())
    (tmp_path / "media" / "forums.csv").write_bytes(b"name,label\n")
    return tmp_path


def run(folder: Path, *arguments: str | Path) -> Result:
    command = ["--data", str(folder / "data"), *map(str, arguments)]
    return CliRunner().invoke(main, command, env={"SYNC_MIN_FREE_BYTES": "0"})


def test_a_form_is_published_with_its_media(folder: Path) -> None:
    result = run(folder, "publish", folder / "meeting.md")
    assert (result.exit_code, result.stdout) == (0, "Published meeting version 1\n  media: forums.csv\n")


def test_publishing_again_says_that_it_was(folder: Path) -> None:
    run(folder, "publish", folder)
    result = run(folder, "publish", folder)
    assert result.exit_code == 0
    assert result.stdout.startswith("Published already on 20")


def test_missing_media_are_named_with_where_to_put_them(folder: Path) -> None:
    (folder / "media" / "forums.csv").unlink()
    result = run(folder, "publish", folder / "meeting.md")
    assert result.exit_code == 0
    assert f"Missing for meeting: forums.csv. Put it into {folder / 'media'} and publish again." in result.stderr


def test_lists_of_a_folder_are_made_once_and_stand_for_media(folder: Path) -> None:
    (folder / "media" / "forums.csv").unlink()
    (folder / "lists").mkdir()
    (folder / "lists" / "forums.csv").write_text("name,label\n0190a1b2-0000-4000-8000-0000000000f1,Bardarash\n")
    first = run(folder, "publish", folder)
    assert (first.exit_code, first.stderr) == (0, "")
    assert "List forums: 1 made" in first.stdout
    assert "List" not in run(folder, "publish", folder).stdout


def test_an_error_names_sheet_row_and_what_to_do_and_the_others_are_published(folder: Path) -> None:
    (folder / "faulty.md").write_bytes(FAULTY)
    result = run(folder, "publish", folder)
    assert result.exit_code == 1
    assert "Published meeting version 1" in result.stdout
    assert "faulty.md: The XLSForm is not valid, and nothing was published. Sheet 'survey', row 2:" in result.stderr


def test_warnings_are_listed_and_stop_the_form_until_they_are_ignored(folder: Path) -> None:
    run(folder, "publish", folder)
    (folder / "meeting.md").write_bytes(meeting_form(version="2", choices=("mosul",)))
    refused = run(folder, "publish", folder / "meeting.md")
    assert refused.exit_code == 1
    assert "warning: Sheet 'survey', row 2 (/place): The codes sinjar are gone" in refused.stderr
    result = run(folder, "publish", folder / "meeting.md", "--ignore-warnings")
    assert result.exit_code == 0
    assert "Published meeting version 2" in result.stdout


def test_a_folder_without_forms_is_said_to_be_one(folder: Path) -> None:
    result = run(folder, "publish", folder / "media")
    assert result.exit_code == 2
    assert "no form here" in result.stderr


def test_forms_are_listed_closed_and_reopened(folder: Path) -> None:
    run(folder, "publish", folder)
    for command, state in (("closing", "closing"), ("close", "closed"), ("reopen", "open")):
        assert run(folder, "form", command, "meeting", "--reason", "a test").exit_code == 0
        listed = run(folder, "form", "list").stdout
        assert listed.split()[:3] == ["meeting", "1", state]


def test_an_unknown_form_cannot_be_closed(folder: Path) -> None:
    result = run(folder, "form", "close", "nothing")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")


def test_the_shipped_forms_are_published(folder: Path) -> None:
    result = run(folder, "publish", shipped_forms())
    assert result.exit_code == 0
    assert result.stdout.count("Published cpf_") == 4
    assert result.stderr == ""
