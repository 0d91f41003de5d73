"""Whatever the order of arrival, the state is that of the set that has arrived (guarantee G2)."""

from collections.abc import Sequence
from itertools import combinations, permutations, product

import pytest

from sync_server.core.digest import digest
from sync_server.core.resolve import Decision, SubmissionState, Version, resolve
from tests.support.instance_versions import choose, version

ROWS = "<people><name>Ana</name></people><people><name>{0}</name></people>"
PHOTOS = "<photo>1.jpg</photo><selfie>2.jpg</selfie>"
ANSWERED = f"<date>2026-11-20</date>{ROWS.format('Bao')}<note/>{PHOTOS}"

ORIGINAL = version("uuid:o", ANSWERED, files=["1.jpg=one"])
CHUNK = version("uuid:o", ANSWERED, files=["2.jpg=two"])
RESEND = version("uuid:o", ANSWERED, files=["1.jpg=one"])
EDIT_A = version("uuid:a", ANSWERED.replace("Bao", "Bea").replace("<note/>", "<note>A</note>"), edits="uuid:o")
EDIT_B = version("uuid:b", ANSWERED.replace("-20", "-21").replace("<note/>", "<note>B</note>"), edits="uuid:o")
EDIT_OF_A = version("uuid:c", ANSWERED.replace("Bao", "Bia").replace("<note/>", "<note>A</note>"), edits="uuid:a")

VARIANTS = {
    "of the original": version("uuid:o", ANSWERED.replace("-20", "-19")),
    "of edit A": version("uuid:a", ANSWERED.replace("Bao", "Ben"), edits="uuid:o"),
    "of the edit of A": version("uuid:c", ANSWERED.replace("Bao", "Bob"), edits="uuid:b"),
}

FIRST = choose("d1", VARIANTS["of the original"], ORIGINAL, VARIANTS["of the original"])
SECOND = choose("d2", ORIGINAL, FIRST, ORIGINAL, VARIANTS["of the original"])
NOTE = choose("d3", EDIT_A, EDIT_A, EDIT_B, path="/note")


def extend(
    arrived: list[int], arrivals: Sequence[Version], states: dict[frozenset[int], tuple[SubmissionState, ...]]
) -> int:
    """Let each of the rest arrive next, and so on; return how many arrivals were tried."""
    rest = [index for index in range(len(arrivals)) if index not in arrived]
    tried = 0
    for index in rest:
        order = [*arrived, index]
        state = resolve([arrivals[i] for i in order])
        assert states.setdefault(frozenset(order), state) == state, order
        tried += 1 + extend(order, arrivals, states)
    return tried


@pytest.mark.parametrize(
    "variant",
    ["of the original", *(pytest.param(name, marks=pytest.mark.long) for name in list(VARIANTS)[1:])],
)
def test_every_order_of_arrival_ends_in_one_digest_and_passes_through_states_of_sets(variant: str) -> None:
    arrivals = [ORIGINAL, RESEND, CHUNK, EDIT_A, EDIT_B, EDIT_OF_A, VARIANTS[variant]]
    states: dict[frozenset[int], tuple[SubmissionState, ...]] = {}
    tried = extend([], arrivals, states)
    assert tried == 13_699  # every beginning of every one of the 5040 orders
    assert len(states) == 2**7 - 1
    final = states[frozenset(range(7))]
    assert len({digest(order, [], final).total for order in (arrivals, arrivals[::-1])}) == 1


def test_the_end_of_all_orders_is_the_merge_of_both_edits() -> None:
    (state,) = resolve([ORIGINAL, RESEND, CHUNK, EDIT_A, EDIT_B, EDIT_OF_A])
    assert (state.root_id, state.edits, state.current) == ("uuid:o", 3, EDIT_OF_A.id)
    assert state.sources == {"/date": EDIT_B.id}
    assert [conflict.path for conflict in state.conflicts] == ["/note"]
    assert list(state.attachments) == ["1.jpg", "2.jpg"]


@pytest.mark.parametrize("count", range(1, 8))
def test_decisions_arrive_in_any_order_too(count: int) -> None:
    states: dict[frozenset[str], tuple[SubmissionState, ...]] = {}
    # Versions in every order among themselves, decisions too: how the two are interleaved resolve() cannot see.
    for arrived in combinations([ORIGINAL, VARIANTS["of the original"], EDIT_A, EDIT_B, FIRST, SECOND, NOTE], count):
        versions = [one for one in arrived if isinstance(one, Version)]
        decisions = [one for one in arrived if isinstance(one, Decision)]
        for in_order, decided in product(permutations(versions), permutations(decisions)):
            state = resolve(in_order, decided)
            assert states.setdefault(frozenset(one.id for one in arrived), state) == state


def test_the_end_of_all_orders_of_decisions_is_settled() -> None:
    (state,) = resolve([ORIGINAL, VARIANTS["of the original"], EDIT_A, EDIT_B], [NOTE, SECOND, FIRST])
    assert (state.root_id, state.conflicts, state.edits) == ("uuid:o", (), 2)
