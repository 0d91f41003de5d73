"""Closing and reopening a form is a decision: who, when, why, after which."""

import pytest

from sync_server.errors import NotFound, UnexpectedValue
from sync_server.node import Node
from sync_server.services import consumers, users
from sync_server.services.form_state import set_form_state
from sync_server.services.publish_form import publish_form
from sync_server.store import checkpoints, decisions, forms
from sync_server.store.decisions import StoredDecision
from tests.support.form_tables import meeting_form


@pytest.fixture
def form_node(node: Node) -> Node:
    publish_form(node, None, meeting_form())
    return node


def decided(node: Node) -> list[StoredDecision]:
    with node.database.read() as session:
        return decisions.find_decisions(session, ["meeting"])


def test_a_form_begins_open(form_node: Node) -> None:
    with form_node.database.read() as session:
        assert forms.get_form(session, 1, "meeting").state == "open"


def test_each_change_is_a_decision_that_follows_the_last(form_node: Node) -> None:
    alice = users.add_user(form_node, None, "alice@example.org", "a long password", is_administrator=True)
    assert set_form_state(form_node, alice, "meeting", "closing", reason="the project ends").state == "closing"
    assert set_form_state(form_node, alice, "meeting", "closed").state == "closed"
    by_state = {decision.body["state"]: decision for decision in decided(form_node)}
    first, second = by_state["closing"], by_state["closed"]
    assert (first.author_id, first.reason, first.parents) == (alice.id, "the project ends", ())
    assert (second.parents, second.body["before"]) == ((first.id,), "closing")


def test_the_state_it_has_is_no_new_decision(form_node: Node) -> None:
    set_form_state(form_node, None, "meeting", "open")
    assert decided(form_node) == []


def test_the_consumers_pass_over_it(form_node: Node) -> None:
    set_form_state(form_node, None, "meeting", "closed")
    consumers.catch_up(form_node)
    assert consumers.count_behind(form_node) == 0
    with form_node.database.read() as session:
        assert checkpoints.iter_parked(session) == []


def test_a_new_version_does_not_reopen_a_closed_form(form_node: Node) -> None:
    set_form_state(form_node, None, "meeting", "closed")
    publish_form(form_node, None, meeting_form(version="2"))
    with form_node.database.read() as session:
        assert forms.get_form(session, 1, "meeting").state == "closed"


def test_wrong_states_unknown_forms_and_strangers_are_refused(form_node: Node) -> None:
    bob = users.add_user(form_node, None, "bob@example.org", "a long password")
    with pytest.raises(UnexpectedValue):
        set_form_state(form_node, None, "meeting", "shut")
    with pytest.raises(NotFound):
        set_form_state(form_node, None, "other", "closed")
    with pytest.raises(NotFound):
        set_form_state(form_node, bob, "meeting", "closed")
