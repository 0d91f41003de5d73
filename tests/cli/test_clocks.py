"""`sync-server clocks` says which clocks were off, in words and as CSV."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from sync_server.cli.clocks import clocks
from sync_server.node import Node
from sync_server.settings import Settings
from tests.support.clock_forms import DAY, send_filled
from tests.support.new_folder import new_folder

Command = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Command:
    """A node to which a right tablet sent one form, and one that is three hours ahead two."""
    settings = Settings(data=new_folder(tmp_path / "hub"), min_free_bytes=0)
    with Node.open(settings) as node:
        send_filled(node, "uuid:right", finished=0, sent=60, off=timedelta(), device_id="collect:right")
        for day in (1, 2):
            send_filled(node, f"uuid:{day}", finished=day * DAY, sent=day * DAY + 60, off=timedelta(hours=3))

    def invoke(*arguments: str) -> str:
        result = CliRunner().invoke(clocks, arguments, obj=settings)
        assert result.exit_code == 0, result.output
        return result.stdout

    return invoke


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_it_says_by_how_much_since_when_and_for_how_many(run: Command) -> None:
    said = run()
    assert "collect:abc (no name): 2 submission(s)" in said
    assert "+3.0 h (" in said
    assert "2 submission(s), 2026-11-23 11:59 +0300 to 2026-11-24 11:59 +0300" in said
    assert said.splitlines()[-1] == "2 tablet(s); another time is proposed for 2 submission(s)."
    assert "collect:right" not in said


def test_it_lists_each_proposal_beside_what_the_tablet_said(run: Command) -> None:
    line = next(line for line in run("--submissions").splitlines() if "uuid:1" in line)
    assert "uuid:1: 2026-11-23 15:00 +0300 → 2026-11-23 1" in line


def test_the_csv_has_a_row_for_each_time_a_clock_was_off(run: Command) -> None:
    (row,) = rows(run("--csv"))
    assert (row["device"], row["submissions"], row["reason"]) == ("collect:abc", "2", "measured")
    assert float(row["offset_from"]) <= 3 * 3600 <= float(row["offset_to"])


def test_the_csv_of_submissions_has_those_left_as_they_are_too(run: Command) -> None:
    found = {row["instance"]: row for row in rows(run("--csv", "--submissions"))}
    assert set(found) == {"uuid:right", "uuid:1", "uuid:2"}
    right = found["uuid:right"]
    assert (right["reason"], right["proposed"]) == ("as_it_is", right["original"])
    assert found["uuid:1"]["original"] == "2026-11-23T15:00:00.000+03:00"
    assert found["uuid:1"]["earliest"] < found["uuid:1"]["proposed"] < found["uuid:1"]["latest"]


def test_it_can_be_asked_of_one_tablet_or_form(run: Command) -> None:
    assert "collect:abc" not in run("--device", "collect:right", "--csv", "--submissions")
    assert rows(run("--form", "another", "--csv", "--submissions")) == []
