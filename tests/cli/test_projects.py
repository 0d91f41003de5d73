"""Projects from the command line."""

from pathlib import Path

from click.testing import CliRunner, Result

from sync_server.cli import main


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(data), *arguments])


def test_a_project_is_added_listed_set_aside_and_taken_back(tmp_path: Path) -> None:
    added = run(tmp_path, "project", "add", "Nineveh")
    assert (added.exit_code, "project 2" in added.output) == (0, True)
    assert "2\tNineveh\t0 forms\t0 tablets" in run(tmp_path, "project", "list").output
    assert run(tmp_path, "project", "archive", "2").exit_code == 0
    assert run(tmp_path, "project", "list").output.splitlines()[-1].endswith("archived")
    run(tmp_path, "project", "archive", "2", "--undo")
    assert "archived" not in run(tmp_path, "project", "list").output


def test_a_project_that_is_not_there_is_named(tmp_path: Path) -> None:
    run(tmp_path, "project", "add", "Nineveh")
    refused = run(tmp_path, "project", "archive", "9")
    assert (refused.exit_code, refused.output) == (1, "Error: There is no project 9.\n")
    assert run(tmp_path, "project", "add", " ").exit_code == 1
