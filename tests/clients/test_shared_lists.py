"""The four forms share their lists: who is registered at a meeting is picked at the next, also on another tablet; a
concern is raised, raised again and followed up by tablets that were offline in between.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import AddTablet
from tests.clients.office import Office
from tests.clients.sent import sent_by
from tests.clients.shared_lists import (
    MEETING,
    PICKED,
    RAISED,
    SEED,
    Answers,
    newcomer,
    only_concern,
    people,
    write_answers,
)
from tests.support.server import SHIPPED_FORMS, LiveServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    """A hub as it is after its first start: forums and trainings in their lists, nobody and nothing else."""
    with LiveServer(tmp_path / "hub", environ=dict(SHIPPED_FORMS)) as live:
        yield live


@pytest.fixture
def answers(tmp_path: Path) -> Callable[[str, Answers], Path]:
    return lambda form_id, given: write_answers(tmp_path, form_id, given)


def test_who_was_registered_at_a_meeting_is_picked_at_the_next_by_another_tablet(
    add_tablet: AddTablet, office: Office, answers: Callable[[str, Answers], Path]
) -> None:
    first, second = add_tablet("first"), add_tablet("second")
    two = {**MEETING, "/data/new_p": 2, **newcomer(1, "مريم", "بهنام"), **newcomer(2, "شيلان", "ئازاد")}
    first.fill_and_send(forms=["cpf_attendance"], seed=SEED, answers=answers("cpf_attendance", two))
    registered = people(second)
    assert sorted(registered.values()) == ["شيلان ئازاد", "مريم بهنام"]
    (mariam,) = (id for id, name in registered.items() if name == "مريم بهنام")
    there = {**MEETING, "/data/new_p": 0, "/data/g_present/present": [mariam]}
    second.fill_and_send(forms=["cpf_attendance"], seed=SEED, answers=answers("cpf_attendance", there))
    assert mariam in [row["g_present-present"] for row in office.export("cpf_attendance").rows]
    evaluated = {
        "/data/g_tr/phase": "pre", "/data/g_who/consent": "yes", "/data/g_who/id_mode": "list",
        "/data/g_tr/training": "13c82855-1b07-47c8-b79d-3c96f02a8989", "/data/g_who/participant": mariam,
    }  # fmt: skip
    second.fill_and_send(forms=["cpf_training_eval"], seed=SEED, answers=answers("cpf_training_eval", evaluated))
    (evaluation,) = office.export("cpf_training_eval").rows
    assert evaluation["g_who-participant"] == mariam
    assert "participants  entities=2 conflicts=0 waiting=0 " in office.command("entities", "list")


def test_a_concern_is_raised_raised_again_and_followed_up_by_tablets_that_were_offline(
    add_tablet: AddTablet, office: Office, answers: Callable[[str, Answers], Path]
) -> None:
    first, second, third = (add_tablet(name) for name in ("first", "second", "third"))
    first.fill_and_send(forms=["cpf_concern"], seed=SEED, answers=answers("cpf_concern", RAISED))
    id, concern = only_concern(second)
    assert (concern["status"], concern["times_raised"]) == ("open", "1")
    assert only_concern(third)[0] == id
    again = {**RAISED, "/data/g_concern/g_dup/similar": id, "/data/g_where/date_raised": "2026-11-22"}
    second.fill(forms=["cpf_concern"], seed=SEED, answers=answers("cpf_concern", again))
    first.fill(forms=["cpf_concern"], seed=SEED + 1, answers=answers("cpf_concern", again))
    followed = {
        **PICKED, "/data/g_pick/concern": id, "/data/g_fu/fu_date": "2026-11-25",
        "/data/g_fu/new_status": "in_progress", "/data/g_fu/fu_actor": "municipality",
    }  # fmt: skip
    third.fill(forms=["cpf_concern_followup"], seed=SEED, answers=answers("cpf_concern_followup", followed))
    for tablet in (third, second, first):
        tablet.send_pending()
    for tablet in (first, second, third):
        same, concern = only_concern(tablet)
        assert same == id
        assert (concern["status"], concern["times_raised"], concern["last_followup"], concern["date_raised"]) == (
            "in_progress", "3", "2026-11-25", "2026-11-20",
        )  # fmt: skip
    assert "concerns  entities=1 conflicts=0 waiting=0 " in office.command("entities", "list")


def test_a_follow_up_of_a_concern_that_was_raised_on_the_same_tablet_before_it_was_sent(
    add_tablet: AddTablet, office: Office, answers: Callable[[str, Answers], Path]
) -> None:
    tablet, other = add_tablet("tablet"), add_tablet("other")
    raised = tablet.fill(forms=["cpf_concern"], seed=SEED, answers=answers("cpf_concern", RAISED))
    ((id, _),) = json.loads((tablet.work / "entities.json").read_text(encoding="utf-8"))["concerns"]["entities"].items()
    closed = {
        **PICKED, "/data/g_pick/concern": id, "/data/g_fu/fu_date": "2026-11-25", "/data/g_fu/new_status": "resolved",
    }  # fmt: skip
    followed = tablet.fill(forms=["cpf_concern_followup"], seed=SEED, answers=answers("cpf_concern_followup", closed))
    tablet.send_pending()
    assert len(sent_by(raised, followed)) == 2
    same, concern = only_concern(other)
    assert (same, concern["status"], concern["last_followup"]) == (id, "resolved", "2026-11-25")
    assert "concerns  entities=1 conflicts=0 waiting=0 " in office.command("entities", "list")
