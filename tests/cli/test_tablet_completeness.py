"""`sync-server completeness` says of each tablet what came, what is silent and what to ask, in words and as CSV."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from sync_server.cli.completeness import completeness
from sync_server.node import Node
from sync_server.services import devices
from sync_server.services.erase_submissions import erase_submission
from sync_server.settings import Settings
from tests.support.numbered_forms import publish_counted, send_counted

Command = Callable[..., str]
DAY = 24 * 60


@pytest.fixture
def run(tmp_path: Path) -> Command:
    """A node to which one tablet sent on two days, and another, reinstalled in between, too."""
    settings = Settings(data=tmp_path / "hub", min_free_bytes=0)
    with Node.open(settings) as node:
        publish_counted(node)
        sara, _token = devices.add_device(node, None, "Tablet 10", 1)
        omar, _token = devices.add_device(node, None, "Tablet 2", 1)
        devices.add_device(node, None, "Asleep", 1)
        send_counted(node, "S", 1, 2, actor_id=sara.id)
        send_counted(node, "S", 3, 6, 8, actor_id=sara.id, minutes=DAY)
        send_counted(node, "O", 1, 2, actor_id=omar.id)
        send_counted(node, "P", 1, actor_id=omar.id, minutes=DAY)
        erase_submission(node, None, "uuid:S-2", reason="Consent withdrawn", project_id=1, form_id="visit")

    def invoke(*arguments: str) -> str:
        result = CliRunner().invoke(completeness, arguments, obj=settings)
        assert result.exit_code == 0, result.output
        return result.stdout

    return invoke


def rows(text: str) -> dict[str, dict[str, str]]:
    return {row["tablet"]: row for row in csv.DictReader(io.StringIO(text))}


def test_it_says_of_each_tablet_what_came_and_what_to_ask(run: Command) -> None:
    said = run("--day", "2026-11-23")
    assert "Tablet 10\n" in said
    assert "  visit: 3 received; 4 since the beginning\n" in said
    assert (
        "  visit: number 2 never came, between 1 (2026-11-22 12:00 +0300) and 3 (2026-11-23 12:00 +0300); "
        "1 may have been erased here\n"
    ) in said
    assert "  visit: 2 numbers, 4 to 5, never came, between 3 (" in said
    assert "  visit: counts anew since 2026-11-23 12:00 +0300; what was filled after number 2 (2026-11-22" in said
    assert said.index("Tablet 2\n") < said.index("Tablet 10\n")
    assert "Asleep\n  last seen never\n" in said
    assert "A number that never came is a question, not a loss" in said
    assert "lost" not in said


def test_several_days_are_told_by_day(run: Command) -> None:
    assert "  by day: 11-22 1, 11-23 3\n" in run("--from", "2026-11-21", "--to", "2026-11-23")


def test_the_csv_has_a_row_for_each_tablet_and_form(run: Command) -> None:
    found = rows(run("--from", "2026-11-22", "--to", "2026-11-23", "--csv", "-"))
    assert set(found) == {"Asleep", "Tablet 2", "Tablet 10"}
    sara = found["Tablet 10"]
    assert (sara["form"], sara["received"], sara["numbers_missing"], sara["gaps"]) == ("visit", "4", "4", "2 4-5 7")
    assert (sara["2026-11-22"], sara["2026-11-23"]) == ("1", "3")
    assert found["Tablet 2"]["restarts"] == "2026-11-23T12:00:00+03:00"
    assert (found["Asleep"]["received"], found["Asleep"]["is_silent"], found["Asleep"]["2026-11-22"]) == (
        "0",
        "true",
        "0",
    )


def test_the_csv_can_be_a_file(run: Command, tmp_path: Path) -> None:
    target = tmp_path / "tablets.csv"
    assert run("--day", "2026-11-23", "--csv", str(target)) == ""
    assert rows(target.read_text("utf-8"))["Tablet 10"]["received"] == "3"


def test_a_day_and_a_period_together_are_refused(run: Command) -> None:
    with pytest.raises(AssertionError, match="Ask for one day with --day"):
        run("--day", "2026-11-23", "--from", "2026-11-22")


@pytest.mark.parametrize("day", ["yesterday", "0001-01-01", "9999-12-31"])
def test_what_is_no_day_of_our_time_is_refused_in_words(run: Command, day: str) -> None:
    with pytest.raises(AssertionError, match="is no day: write it as in 2026-11-23"):
        run("--day", day)
