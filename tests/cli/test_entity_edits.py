"""`sync-server entities` makes lists, takes files, and changes, settles, deletes and restores what is in them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from sync_server.cli import main
from sync_server.node import Node
from sync_server.settings import Settings
from tests.support.samples import send
from tests.support.wells import WELL, publish_wells, shown, update, well

Command = Callable[..., str]
ONE = "0190a1b2-0000-4000-8000-0000000000f1"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A node with a well on whose state two tablets disagree."""
    settings = Settings(data=tmp_path / "hub", min_free_bytes=0)
    with Node.open(settings) as node:
        publish_wells(node)
        send(node, well("a"))
        number = shown(node)[WELL].number
        for minutes, branch in enumerate(("closed", "referred"), start=1):
            send(node, well(branch, update(number, branch), state=branch), minutes=minutes)
    return settings


@pytest.fixture
def run(settings: Settings) -> Command:
    def invoke(*arguments: str, exit_code: int = 0) -> str:
        words = ["--data", str(settings.data), "--min-free-bytes", "0", "entities", *arguments]
        result = CliRunner().invoke(main, words)
        assert result.exit_code == exit_code, result.output
        return result.output

    return invoke


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "forums.csv"
    path.write_text(f"name,label,status\n{ONE},Bardarash,active\n", encoding="utf-8")
    return path


def test_a_list_is_made_and_filled_from_a_file(run: Command, file: Path) -> None:
    assert "There is no entity list forums" in run("upload", "forums", str(file), exit_code=1)
    assert "label and: adm2" in run("make", "forums", "--property", "adm2")
    assert "label and: adm2, status" in run("make", "forums", "--property", "adm2", "--property", "status")
    preview = run("upload", "forums", str(file), "--preview")
    assert preview == "Nothing is changed yet. It would be created 1, changed 0, unchanged 0.\n"
    assert run("list", "forums") == ""
    assert run("upload", "forums", str(file)) == "Done: created 1, changed 0, unchanged 0.\n"
    assert "Bardarash" in run("list", "forums")


def test_a_file_that_changes_something_has_to_be_told_so(run: Command, file: Path) -> None:
    run("make", "forums", "--property", "status")
    run("upload", "forums", str(file))
    file.write_text(file.read_text().replace("active", "closed"))
    assert "row 2: it would change status from 'active' to 'closed'" in run("upload", "forums", str(file), exit_code=1)
    assert "row 2  Bardarash: status 'active' → 'closed'\n" in run("upload", "forums", str(file), "--update")
    assert "status: closed" in run("show", "forums", ONE)


def test_an_entity_is_changed_deleted_and_restored(run: Command) -> None:
    assert "is changed" in run("edit", "wells", WELL, "place=North=South", "label=New Bartella")
    told = run("show", "wells", WELL)
    assert "New Bartella" in told
    assert "place: North=South" in told
    assert "you know version 7" in run("edit", "wells", WELL, "place=x", "--version", "7", exit_code=1)
    assert "no NAME=VALUE" in run("edit", "wells", WELL, "place", exit_code=2)
    assert "Deleted: 1." in run("delete", "wells", WELL, "--reason", "filled in")
    assert "(deleted" in run("list", "wells")
    assert "there is no" in run("delete", "wells", WELL, exit_code=1)
    assert "Restored: 1." in run("restore", "wells", WELL)
    assert "(deleted" not in run("list", "wells")


def test_a_conflict_is_settled(run: Command) -> None:
    assert "(conflict)" in run("list", "wells")
    assert "is settled" in run("settle", "wells", WELL, "status=referred")
    assert "(conflict)" not in run("list", "wells")
    assert "status: referred" in run("show", "wells", WELL)
    assert "no conflict to settle" in run("settle", "wells", WELL, exit_code=1)


def test_a_lists_settings_are_shown_and_set(run: Command) -> None:
    assert "takes: what submissions do\n  access: everybody" in run("settings", "wells")
    assert "takes: what approved submissions do" in run("settings", "wells", "--approval")
    assert run("list", "wells") == ""
    assert "takes: what submissions do" in run("settings", "wells", "--no-approval", "--access", "everybody")
    assert "takes a JSON object" in run("settings", "wells", "--access", "mine", exit_code=2)
    assert "There is no entity list springs" in run("settings", "springs", exit_code=1)
