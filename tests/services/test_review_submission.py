"""People let in what is held and choose between what disagrees; their decisions are appended, and can be changed."""

import pytest

from sync_server.errors import InsufficientRights, NotFound, UnexpectedValue
from sync_server.node import Node
from sync_server.services import consumers, users
from sync_server.services.list_quarantine import list_quarantine
from sync_server.services.review_submission import accept_submission, choose_version
from sync_server.store import changes, decisions, quarantine
from sync_server.store.quarantine import QuarantinedSubmission
from tests.support.samples import publish, send, submission


@pytest.fixture(autouse=True)
def _published(node: Node) -> None:
    publish(node)


def found(node: Node, root_id: str) -> QuarantinedSubmission:
    consumers.catch_up(node)
    with node.database.read() as session:
        return quarantine.find_submissions(session, root_id)[0]


def test_accepted_submission_no_longer_waits_and_the_decision_is_in_the_feed(node: Node) -> None:
    version = send(node, submission("uuid:1"), is_revoked=True).version
    assert found(node, "uuid:1").is_held
    assert accept_submission(node, None, "uuid:1", reason="tablet found") == (version,)
    assert not found(node, "uuid:1").is_held
    with node.database.read() as session:
        (decision,) = decisions.iter_decisions(session)
        last, audit = changes.iter_since(session, changes.head(session) - 2, limit=2)
    assert (decision.kind, decision.parents, decision.reason) == ("accept", (version,), "tablet found")
    assert (last.kind, last.key, last.version) == ("decision", "uuid:1", decision.id)
    assert (audit.kind, audit.version) == ("audit", "quarantine.settle")


def test_what_comes_after_the_acceptance_waits_again(node: Node) -> None:
    send(node, submission("uuid:1"), is_revoked=True)
    accept_submission(node, None, "uuid:1", reason="tablet found")
    send(node, submission("uuid:2", edits="uuid:1"), is_revoked=True)
    assert found(node, "uuid:1").flags[0]["reason"] == "token_revoked"


def test_submission_that_does_not_wait_cannot_be_accepted(node: Node) -> None:
    send(node, submission("uuid:1"))
    with pytest.raises(UnexpectedValue):
        accept_submission(node, None, "uuid:1", reason="why not")


def test_unknown_instance_is_a_problem(node: Node) -> None:
    with pytest.raises(NotFound):
        accept_submission(node, None, "uuid:?", reason="why not")


def test_instance_of_two_forms_needs_the_form_named(node: Node) -> None:
    for form_id in ("visit", "other"):
        send(node, submission("uuid:1", form_id=form_id), is_revoked=True)
    with pytest.raises(UnexpectedValue, match="several forms"):
        accept_submission(node, None, "uuid:1", reason="x")
    accept_submission(node, None, "uuid:1", reason="x", form_id="other")
    assert [s.is_held for s in _both(node)] == [False, True]


def _both(node: Node) -> list[QuarantinedSubmission]:
    with node.database.read() as session:
        return quarantine.find_submissions(session, "uuid:1")


def test_chosen_variant_stands_and_can_be_chosen_again(node: Node) -> None:
    versions = [send(node, submission("uuid:1", f"<place>{place}</place>")).version for place in "AB"]
    for version in (*versions, *versions):
        assert choose_version(node, None, "uuid:1", version[:12], reason="paper") == version
        assert found(node, "uuid:1").state.current == version
        assert list(list_quarantine(node, None)) == []


def test_variant_that_comes_later_opens_the_question_again(node: Node) -> None:
    version = send(node, submission("uuid:1", "<place>A</place>")).version
    send(node, submission("uuid:1", "<place>B</place>"))
    choose_version(node, None, "uuid:1", version, reason="paper")
    send(node, submission("uuid:1", "<place>C</place>"))
    state = found(node, "uuid:1").state
    assert (state.current, len(state.conflicts)) == (version, 1)


def test_conflicting_edits_are_settled_whole_or_field_by_field(node: Node) -> None:
    send(node, submission("uuid:a", "<place>0</place><photo>0</photo>"))
    b, c = (
        send(node, submission(f"uuid:{n}", f"<place>{n}</place><photo>{n}</photo>", edits="uuid:a")).version
        for n in "bc"
    )
    assert [conflict.path for conflict in found(node, "uuid:a").state.conflicts] == ["/photo", "/place"]
    choose_version(node, None, "uuid:a", b, reason="paper", path="/place")
    assert [conflict.path for conflict in found(node, "uuid:a").state.conflicts] == ["/photo"]
    choose_version(node, None, "uuid:a", c, reason="paper")
    assert found(node, "uuid:a").state.conflicts == ()


def test_version_that_is_none_of_those_in_conflict_is_a_problem_naming_them(node: Node) -> None:
    versions = [send(node, submission("uuid:1", f"<place>{place}</place>")).version for place in "AB"]
    with pytest.raises(UnexpectedValue, match=versions[0]):
        choose_version(node, None, "uuid:1", "zz", reason="paper")


def test_only_administrators_decide(node: Node) -> None:
    send(node, submission("uuid:1"), is_revoked=True)
    bob = users.add_user(node, None, "bob@example.org", "long enough a password")
    with pytest.raises(InsufficientRights):
        accept_submission(node, bob, "uuid:1", reason="x")
    with pytest.raises(InsufficientRights):
        choose_version(node, bob, "uuid:1", "x", reason="x")
