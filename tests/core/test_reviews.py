"""Reviews fold into one state, whatever the order and the node; where people disagree, caution stands until settled."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync_server.core.digest import canonical_json
from sync_server.core.resolve import Conflict, Decision, SubmissionState, Version, resolve
from sync_server.core.submission_state import REVIEW_STATES
from tests.support.instance_versions import choose, of_xml, version

FIRST = version("uuid:o", "<age>30</age>")
EDIT = version("uuid:e", "<age>31</age>", edits="uuid:o")


def review(id: str, state: object, *seen: Version | Decision) -> Decision:
    """Make the review of somebody who saw these versions and decisions."""
    return Decision(id, "review", frozenset(thing.id for thing in seen), {"state": state})


def only(versions: list[Version], *decisions: Decision) -> SubmissionState:
    """Resolve in every order: the state is one."""
    orders = permutations(decisions)
    states = {canonical_json(resolve(versions, order)[0].to_json()) for order in orders}
    assert len(states) == 1
    (state,) = resolve(versions[::-1], decisions)
    return state


def test_without_a_review_a_submission_is_received_and_its_state_is_written_as_before_there_were_any() -> None:
    state = only([FIRST])
    assert (state.review, state.review_state) == (None, None)
    assert "review" not in state.to_json()


def test_each_state_is_what_the_review_says() -> None:
    for said in REVIEW_STATES:
        state = only([FIRST], review("r", said, FIRST))
        assert (state.review, state.conflicts) == (said, ())
        assert state.review_state == (None if said == "received" else said)
        assert SubmissionState.from_json(state.to_json()) == state


def test_an_edit_that_nobody_reviewed_is_edited_as_in_central() -> None:
    assert only([FIRST, EDIT]).review_state == "edited"


def test_an_edit_after_the_review_makes_it_edited_and_a_review_of_the_edit_ends_that() -> None:
    first = review("r9", "approved", FIRST)
    assert only([FIRST, EDIT], first).review_state == "edited"
    assert only([FIRST, EDIT], first, review("r1", "approved", FIRST, EDIT, first)).review_state == "approved"


def test_received_after_an_edit_is_received() -> None:
    assert only([FIRST, EDIT], review("r", "received", FIRST, EDIT)).review_state is None


def test_a_variant_that_comes_later_makes_it_edited_and_another_writing_of_the_same_does_not() -> None:
    approved = review("r", "approved", FIRST)
    same = of_xml(FIRST.xml.replace(b"<age>", b"\n<age>"), "uuid:o")
    other = version("uuid:o", "<age>99</age>")
    assert only([FIRST, same], approved).review_state == "approved"
    assert only([FIRST, other], approved).review_state == "edited"


def test_a_further_review_undoes_the_one_before_and_can_be_undone() -> None:
    rejected = review("r9", "rejected", FIRST)
    approved = review("r5", "approved", FIRST, rejected)
    again = review("r1", "received", FIRST, rejected, approved)
    assert only([FIRST], rejected, approved).review == "approved"
    assert only([FIRST], rejected, approved, again).review == "received"


def test_a_review_seen_only_through_another_decision_is_undone_too() -> None:
    rejected = review("r9", "rejected", FIRST)
    comment = Decision("c", "comment", frozenset({rejected.id}), {})
    assert only([FIRST], rejected, comment, review("r1", "approved", FIRST, comment)).review == "approved"


def test_reviews_that_disagree_are_a_conflict_and_the_most_cautious_stands() -> None:
    for cautious, other in (("rejected", "hasIssues"), ("hasIssues", "approved"), ("approved", "received")):
        state = only([FIRST], review("r1", cautious, FIRST), review("r2", other, FIRST))
        assert state.review == cautious
        assert state.conflicts == (Conflict("review", f"{cautious}, {other}", ()),)


def test_reviews_that_agree_are_no_conflict_and_have_seen_together() -> None:
    state = only([FIRST, EDIT], review("r1", "approved", FIRST), review("r2", "approved", EDIT))
    assert (state.review, state.conflicts) == ("approved", ())


def test_a_review_that_saw_both_settles_them() -> None:
    one, other = review("r1", "approved", FIRST), review("r2", "rejected", FIRST)
    state = only([FIRST], one, other, review("r0", "approved", FIRST, one, other))
    assert (state.review, state.conflicts) == ("approved", ())


def test_a_review_waits_for_the_version_its_author_saw() -> None:
    stray = version("uuid:x", "<age>1</age>")
    early = review("r", "rejected", EDIT)
    assert only([FIRST], early, review("s", "rejected", stray)).review is None
    assert only([FIRST, EDIT], early, review("r2", "rejected", FIRST)).review == "rejected"


def test_reviews_forged_to_name_each_other_are_both_heard() -> None:
    one = Decision("r1", "review", frozenset({"r2", FIRST.id}), {"state": "approved"})
    other = Decision("r2", "review", frozenset({"r1", FIRST.id}), {"state": "rejected"})
    state = only([FIRST], one, other)
    assert (state.review, len(state.conflicts)) == ("rejected", 1)


def test_broken_reviews_and_other_decisions_say_nothing() -> None:
    for broken in ("Approved", None, 7, ["approved"], {"approved": 1}):
        assert only([FIRST], review("r", broken, FIRST)).review is None
    assert only([FIRST], choose("c", FIRST, FIRST)).review is None


def test_a_review_settles_no_answers_and_a_choice_no_reviews() -> None:
    other = version("uuid:o", "<age>99</age>")
    seen = review("r", "approved", FIRST, other)
    (conflict,) = only([FIRST, other], seen).conflicts
    assert conflict.kind == "variant"
    chosen = only([FIRST, other], seen, choose("c", FIRST, FIRST, other))
    assert (chosen.review, chosen.conflicts) == ("approved", ())


@st.composite
def histories(draw: Callable[..., Any]) -> tuple[list[Version], list[Decision]]:
    """Draw two nodes' reviews: each names some of the versions and of the decisions before it."""
    versions = [FIRST, EDIT, version("uuid:f", "<age>32</age>", edits="uuid:e"), version("uuid:o", "<age>99</age>")]
    made: list[Decision] = []
    for number in range(draw(st.integers(0, 6))):
        seen = draw(st.sets(st.sampled_from([one.id for one in (*versions, *made)])))
        made.append(Decision(f"r{number}", "review", frozenset(seen), {"state": draw(st.sampled_from(REVIEW_STATES))}))
    return versions, made


@settings(max_examples=300, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_two_nodes_that_hear_of_reviews_in_any_order_agree(
    history: tuple[list[Version], list[Decision]], random: object
) -> None:
    versions, made = history
    states = resolve(versions, made)
    shuffled, seen_late = [*made, *made[:2]], list(versions)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    random.shuffle(seen_late)  # type: ignore[attr-defined]
    assert resolve(iter(seen_late), iter(shuffled)) == states
    assert tuple(SubmissionState.from_json(state.to_json()) for state in states) == states


@settings(max_examples=300, deadline=None)
@given(histories(), st.sampled_from(REVIEW_STATES))
def test_whatever_was_said_a_review_of_somebody_who_saw_it_all_settles_it(
    history: tuple[list[Version], list[Decision]], said: str
) -> None:
    versions, made = history
    for state in resolve(versions, [*made, review("last", said, *versions, *made)]):
        assert state.review == said
        assert all(conflict.kind != "review" for conflict in state.conflicts)


@settings(max_examples=300, deadline=None)
@given(histories())
def test_the_state_never_is_less_cautious_than_a_review_nobody_answered(
    history: tuple[list[Version], list[Decision]],
) -> None:
    versions, made = history
    (state,) = resolve(versions, made)
    ids = {one.id for one in versions}
    answered = {parent for one in made for parent in one.parents}
    unanswered = [one.body["state"] for one in made if one.id not in answered and one.parents & ids]
    if unanswered and state.review != "edited":
        assert REVIEW_STATES.index(state.review or "") <= min(map(REVIEW_STATES.index, unanswered))
