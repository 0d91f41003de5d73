"""Entities follow the submissions: what is received, edited, held, erased; a rebuilt node has the same ones."""

from typing import Any

import pytest
from sqlalchemy import update as update_table

from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.erase_submissions import erase_submission
from sync_server.services.review_submission import accept_submission
from sync_server.services.verify_node import verify_node
from sync_server.store.tables import entity_lists
from tests.support.samples import send
from tests.support.wells import OTHER, WELL, failed, publish_wells, shown, the_list, update, well


def test_a_form_makes_its_list(node: Node) -> None:
    publish_wells(node)
    assert the_list(node).properties == ("place", "reason", "status")
    assert the_list(node).served == 0


def test_what_is_severe_in_any_version_goes_to_no_tablet(node: Node) -> None:
    publish_wells(node, sensitivity="severe")
    publish_wells(node, "2")
    assert the_list(node).properties == ("place", "reason")


def test_what_is_registered_is_there_and_what_is_updated_changes(node: Node) -> None:
    publish_wells(node)
    send(node, well("a", place="Bartella"))
    made = shown(node)[WELL]
    assert made.data == {"label": "Bartella", "place": "Bartella", "status": "open"}
    send(node, well("b", update(made.number), state="closed"), minutes=1)
    changed = shown(node)[WELL]
    assert changed.data == {"label": "Bartella", "place": "Bartella", "status": "closed"}
    assert changed.number > made.number
    assert (changed.has_conflict, changed.is_waiting) == (False, False)
    assert the_list(node).served == 1


def test_sending_again_changes_nothing(node: Node) -> None:
    publish_wells(node)
    send(node, well("a"))
    before = shown(node), the_list(node)
    send(node, well("a"), minutes=5)
    assert (shown(node), the_list(node)) == before


def test_a_list_is_the_same_whatever_came_first_and_after_rebuilding(node: Node) -> None:
    publish_wells(node)
    number = 10_000 + 4_242  # of no version here: the update waits
    for instance, xml in (("c", update(number, "two", 1)), ("b", update(number, "two"))):
        send(node, well(instance, xml, state=instance))
    send(node, well("a"), minutes=3)
    send(node, well("d", id=OTHER), minutes=4)
    before = shown(node), the_list(node), failed(node)
    assert before[0][WELL].is_waiting
    consumers.rebuild(node)
    assert (shown(node), the_list(node), failed(node)) == before


def test_an_edit_of_the_submission_corrects_the_entity_and_raises_its_number(node: Node) -> None:
    publish_wells(node)
    send(node, well("a", state="opne"))
    before = shown(node)[WELL]
    send(node, well("b", state="open", edits="a"), minutes=1)
    after = shown(node)[WELL]
    assert after.data["status"] == "open"
    assert after.number > before.number


def test_an_edit_that_names_another_entity_takes_back_what_was_done_to_the_first(node: Node) -> None:
    publish_wells(node)
    send(node, well("a"))
    send(node, well("o", id=OTHER), minutes=1)
    base = shown(node)
    send(node, well("u", update(base[WELL].number), state="closed"), minutes=2)
    wrong = shown(node)[WELL]
    send(node, well("v", update(base[OTHER].number), id=OTHER, state="closed", edits="u"), minutes=3)
    after = shown(node)
    assert (after[WELL].data["status"], after[OTHER].data["status"]) == ("open", "closed")
    assert after[WELL].number > wrong.number


def test_what_a_revoked_tablet_sent_counts_when_it_is_accepted(node: Node) -> None:
    publish_wells(node)
    send(node, well("a"), is_revoked=True)
    assert shown(node) == {}
    accept_submission(node, None, "uuid:a", reason="known tablet")
    assert list(shown(node)) == [WELL]


def test_what_is_erased_leaves_the_list(node: Node) -> None:
    publish_wells(node)
    send(node, well("a", place="Bartella"))
    send(node, well("o", id=OTHER), minutes=1)
    full = the_list(node)
    erase_submission(node, None, "uuid:a", reason="withdrawn")
    assert list(shown(node)) == [OTHER]
    assert the_list(node).served == 1
    assert the_list(node).digest != full.digest


def test_an_action_that_fails_is_listed_with_its_reason_and_the_submission_is_stored(node: Node) -> None:
    publish_wells(node)
    send(node, well("a", id="seven"))
    assert shown(node) == {}
    (action,) = failed(node)
    assert (action.root_id, action.entity_id, action.failure) == ("uuid:a", "seven", "bad_id")
    send(node, well("b", edits="a"), minutes=1)
    assert failed(node) == []
    assert list(shown(node)) == [WELL]


def test_what_came_before_its_form_version_is_done_when_that_comes(node: Node) -> None:
    publish_wells(node)
    send(node, well("a", version="2"))
    assert [action.failure for action in failed(node)] == ["unknown_version"]
    publish_wells(node, "2")
    assert failed(node) == []
    assert list(shown(node)) == [WELL]


def test_a_new_version_of_the_form_says_how_changes_merge(node: Node) -> None:
    publish_wells(node)
    send(node, well("a", state="1"))
    number = shown(node)[WELL].number
    for minutes, (branch, state) in enumerate((("one", "3"), ("two", "2")), start=1):
        send(node, well(branch, update(number, branch), state=state), minutes=minutes)
    assert shown(node)[WELL].has_conflict
    publish_wells(node, "2", merge="maximum")
    merged = shown(node)[WELL]
    assert (merged.has_conflict, merged.data["status"]) == (False, "3")


@pytest.mark.parametrize("change", ["another", "label", "update"])
def test_the_digest_of_a_list_changes_with_what_is_served(node: Node, change: str) -> None:
    publish_wells(node)
    send(node, well("a"))
    number, before = shown(node)[WELL].number, the_list(node)
    sent: dict[str, Any] = {
        "another": well("x", id=OTHER),
        "label": well("x", update(number), label="Sinjar"),
        "update": well("x", update(number), state="closed"),
    }
    send(node, sent[change], minutes=1)
    assert the_list(node).digest != before.digest


def test_forms_that_write_no_list_change_none(node: Node) -> None:
    publish_wells(node)
    send(node, well("a"))
    before = the_list(node)
    send(node, well("n", 'create="0"'), minutes=1)
    assert the_list(node) == before


def test_verify_adds_up_the_lists(node: Node) -> None:
    publish_wells(node)
    send(node, well("a"))
    shown(node)
    assert list(verify_node(node)) == []
    node.write(lambda session: session.execute(update_table(entity_lists).values(served=7)))
    (fault,) = verify_node(node)
    assert "'wells'" in fault
    consumers.rebuild(node)
    assert list(verify_node(node)) == []
