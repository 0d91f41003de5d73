"""Tablets count their forms by `last-saved`, in the real form engine, through all that happens to tablets."""

import re
import shutil
from pathlib import Path

from pyxform.xls2json_backends import xlsx_to_dict

from sync_server.services.shipped_forms import shipped_forms
from tests.clients.conftest import AddTablet
from tests.clients.office import Office
from tests.clients.small_forms import counted_visit
from tests.clients.test_tablet import ANSWERS
from tests.support.tablet import Events, Tablet

FORM = "cpf_training_eval"
NAMES = ("form_series", "form_number", "form_highest")


def test_each_form_has_the_next_number_and_keeps_it_when_it_is_edited(add_tablet: AddTablet) -> None:
    tablet = add_tablet("tablet")
    first = tablet.fill_and_send(forms=[FORM], n=3, edit_first=True, answers=ANSWERS)
    then = tablet.fill_and_send(forms=[FORM], answers=ANSWERS)
    assert [event["event"] for event in first.filled()] == ["fill", "fill", "fill", "edit"]
    # The edit was saved last, and yet the next form does not get the second form's number.
    assert counts(first) + counts(then) == [(1, 1), (2, 2), (3, 3), (1, 3), (4, 4)]
    assert len(series(first) | series(then)) == 1


def test_a_draft_is_asked_for_and_a_new_version_counts_on_and_a_new_installation_anew(
    add_tablet: AddTablet, office: Office
) -> None:
    office.publish(counted_visit("counted", 1, shipped_calculations()))
    tablet = add_tablet("tablet")
    runs = [tablet.fill_and_send(forms=["counted"])]
    [draft] = tablet.fill(forms=["counted"]).filled()
    shutil.rmtree(Path(draft["file"]).parent)  # saved and never sent: a draft that somebody deleted
    office.publish(counted_visit("counted", 2, shipped_calculations()))
    runs.append(tablet.fill_and_send(forms=["counted"]))
    assert [count for run in runs for count in counts(run)] == [(1, 1), (3, 3)]
    again = Tablet(tablet.work.with_name("reinstalled"), tablet.base_url).fill_and_send(forms=["counted"])
    assert counts(again) == [(1, 1)]
    assert series(again).isdisjoint(series(runs[0]))

    said = office.command("completeness")
    assert "counted: number 2 never came, between 1 (" in said
    assert "counted: counts anew since " in said
    assert said.count("never came") == 2  # there, and where it is said what that means


def counts(run: Events) -> list[tuple[int, int]]:
    """The number and the highest known, of each filled form and edit."""
    return [(int(answer(event["file"], NAMES[1])), int(answer(event["file"], NAMES[2]))) for event in run.filled()]


def series(run: Events) -> set[str]:
    return {answer(event["file"], NAMES[0]) for event in run.filled()}


def answer(file: str, name: str) -> str:
    found = re.search(f"<{name}>([^<]+)<", Path(file).read_text("utf-8"))
    assert found is not None
    return found[1]


def shipped_calculations() -> dict[str, str]:
    """How the shipped forms count."""
    rows = xlsx_to_dict(str(shipped_forms() / FORM / f"{FORM}.xlsx"))["survey"]
    return {row["name"]: row["calculation"] for row in rows if row.get("name") in NAMES}
