"""People review submissions and comment on them; the state follows what they saw, on both databases."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from sync_server.errors import InsufficientRights, MissingParameter, NotFound, UnexpectedValue
from sync_server.node import Node
from sync_server.services import consumers, users
from sync_server.services.digest_node import digest_node
from sync_server.services.list_quarantine import list_quarantine
from sync_server.services.review_submission import comment_submission, list_comments, review_submission
from sync_server.settings import Settings
from sync_server.store import decisions, submission_details, submission_reads
from sync_server.store.decisions import StoredDecision
from sync_server.store.quarantine import find_submissions
from tests.support.new_folder import new_folder
from tests.support.samples import publish, send, submission


@pytest.fixture(autouse=True)
def _published(node: Node) -> None:
    publish(node)


def state_of(node: Node, root_id: str = "uuid:1") -> str | None:
    """The state, which an export, a list and the row must tell alike."""
    consumers.catch_up(node)
    with node.database.read() as session:
        shown = submission_details.find_details(session, 1, "visit", root_id)
        exported = {one.root_id: one.review_state for one in submission_reads.iter_submissions(session, 1, "visit")}
    assert shown is not None
    assert shown.review_state == exported[root_id]
    return shown.review_state


def everything(node: Node) -> list[StoredDecision]:
    with node.database.read() as session:
        return decisions.iter_decisions(session)


def copy(made: Iterable[StoredDecision], node: Node) -> None:
    """Bring decisions to another node, as replication will."""

    def add(session: Session) -> None:
        known = {decision.id for decision in decisions.iter_decisions(session)}
        for decision in made:
            if decision.id not in known:
                decisions.add_decision(session, decision)

    node.write(add)
    consumers.catch_up(node)


def test_a_review_is_kept_with_its_reason_and_undone_by_the_next(node: Node) -> None:
    version = send(node, submission("uuid:1")).version
    assert state_of(node) is None
    assert review_submission(node, None, "uuid:1", "rejected", reason="a test entry") == "rejected"
    assert state_of(node) == "rejected"
    assert review_submission(node, None, "uuid:1", "received", reason="it was real") is None
    assert state_of(node) is None
    first, second = sorted(everything(node), key=lambda decision: len(decision.parents))
    assert (first.kind, first.body, first.reason) == ("review", {"state": "rejected"}, "a test entry")
    assert (first.parents, set(second.parents)) == ((version,), {version, first.id})


def test_an_edit_makes_it_edited_until_somebody_has_looked(node: Node) -> None:
    send(node, submission("uuid:1"))
    review_submission(node, None, "uuid:1", "approved", reason="seen")
    send(node, submission("uuid:2", "<place>B</place>", edits="uuid:1"))
    assert state_of(node) == "edited"
    assert review_submission(node, None, "uuid:1", "approved", reason="seen again") == "approved"


def test_a_resend_changes_no_review(node: Node) -> None:
    send(node, submission("uuid:1"))
    review_submission(node, None, "uuid:1", "approved", reason="seen")
    send(node, submission("uuid:1"), minutes=5)
    assert state_of(node) == "approved"


def test_an_edit_without_its_original_can_be_reviewed_twice_and_keeps_that_when_the_original_comes(node: Node) -> None:
    send(node, submission("uuid:2", edits="uuid:1"))
    review_submission(node, None, "uuid:1", "rejected", reason="x")
    assert review_submission(node, None, "uuid:1", "hasIssues", reason="y") == "hasIssues"
    assert [waiting.reason for waiting in list_quarantine(node, None)] == [
        "An edit came, but not its original, uuid:1."
    ]
    send(node, submission("uuid:1"))
    assert state_of(node) == "edited"


def test_two_nodes_that_reviewed_apart_agree_on_caution_and_a_person_settles_it(node: Node, tmp_path: Path) -> None:
    with Node.open(Settings(data=new_folder(tmp_path / "other"), min_free_bytes=0)) as other:
        publish(other)
        for each in (node, other):
            send(each, submission("uuid:1"))
        review_submission(node, None, "uuid:1", "approved", reason="seen")
        review_submission(other, None, "uuid:1", "hasIssues", reason="a doubt")
        copy(everything(node), other)
        copy(everything(other), node)
        assert digest_node(node)["states"] == digest_node(other)["states"]
        for each in (node, other):
            assert state_of(each) == "hasIssues"
            (waiting,) = list_quarantine(each, None)
            assert waiting.reason == "People reviewed it differently: hasIssues, approved. The first counts for now."
            assert "sync-server review uuid:1 STATE" in waiting.advice
        assert review_submission(other, None, "uuid:1", "approved", reason="called them") == "approved"
        copy(everything(other), node)
        assert state_of(node) == "approved"
        assert list(list_quarantine(node, None)) == []


def test_a_rebuilt_node_has_the_same_reviews(node: Node) -> None:
    send(node, submission("uuid:1"))
    review_submission(node, None, "uuid:1", "approved", reason="seen")
    before = digest_node(node)
    consumers.rebuild(node)
    assert (digest_node(node), state_of(node)) == (before, "approved")


def test_comments_are_listed_newest_first_and_leave_the_state(node: Node) -> None:
    alice = users.add_user(node, None, "alice@example.org", "long enough a password", is_administrator=True)
    send(node, submission("uuid:1"))
    comment_submission(node, None, "uuid:1", "one")
    comment_submission(node, alice, "uuid:1", "two")
    assert [(one.text, one.author and one.author.id) for one in list_comments(node, None, "uuid:1").shown] == [
        ("two", alice.id),
        ("one", None),
    ]
    assert state_of(node) is None
    with node.database.read() as session:
        assert "review" not in find_submissions(session, "uuid:1")[0].state.to_json()


def test_what_is_no_review_and_no_comment_is_refused(node: Node) -> None:
    send(node, submission("uuid:1"))
    with pytest.raises(UnexpectedValue, match="rejected, hasIssues"):
        review_submission(node, None, "uuid:1", "fine", reason="x")
    with pytest.raises(MissingParameter):
        comment_submission(node, None, "uuid:1", " \n")
    with pytest.raises(UnexpectedValue, match="longer"):
        comment_submission(node, None, "uuid:1", "x" * 100_001)
    with pytest.raises(NotFound):
        review_submission(node, None, "uuid:9", "approved", reason="x")
    assert everything(node) == []


def test_only_administrators_review_and_comment(node: Node) -> None:
    send(node, submission("uuid:1"))
    bob = users.add_user(node, None, "bob@example.org", "long enough a password")
    for forbidden in (
        lambda: review_submission(node, bob, "uuid:1", "approved", reason="x"),
        lambda: comment_submission(node, bob, "uuid:1", "x"),
        lambda: list_comments(node, bob, "uuid:1"),
    ):
        with pytest.raises(InsufficientRights):
            forbidden()
