"""Properties that hold for any forest of edits, variants, rings, missing originals and decisions."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain

from hypothesis import given, note, settings
from hypothesis import strategies as st
from lxml.etree import _Element as Element

from sync_server.core.digest import canonical_json, digest
from sync_server.core.field_path import value_at
from sync_server.core.instance_xml import parse_xml
from sync_server.core.resolve import Decision, SubmissionState, Version, merged_document, resolve
from tests.support.instance_versions import version

IDS = [f"uuid:{n}" for n in range(6)]
PATHS = ["/a", "/b", "/g/a", "/g", "/r", "/r/x", "/r[1]/x", "/r[2]/x", "/r[3]/x", "/"]

answer = st.sampled_from(["", "<{0}/>", "<{0}>1</{0}>", "<{0}>2</{0}>", "<{0}>3</{0}>"])
rows = st.lists(st.sampled_from("12"), max_size=3)


@st.composite
def documents(draw: Callable[..., str]) -> str:
    """Draw answers: two at the top, one in a group that may be absent, and a repeat."""
    a, b, inner = (draw(answer).format(name) for name in ("a", "b", "a"))
    group = draw(st.sampled_from(["", f"<g>{inner}<z/></g>"]))
    repeat = "".join(f"<r><x>{value}</x></r>" for value in draw(rows))
    return f"{a}{group}{repeat}{b}"


files = st.lists(st.sampled_from(["1=x", "1=y", "2=x", "3=z"]), max_size=2)
versions = st.lists(
    st.builds(
        lambda id, written, edits, attached: version(id, written, edits=edits, files=attached),
        st.sampled_from(IDS),
        documents(),
        st.none() | st.sampled_from([*IDS, "uuid:never"]),
        files,
    ),
    min_size=1,
    max_size=8,
)


@st.composite
def cases(draw: Callable[..., list[Version]]) -> tuple[list[Version], list[Decision]]:
    """Draw versions and decisions about them, some of versions that are not among the first."""
    drawn = draw(versions)
    ids = [one.id for one in drawn] + [f"d{n}" for n in range(4)]
    decision = st.builds(
        lambda n, kind, parents, chosen, path: Decision(
            f"d{n}", kind, frozenset(parents), {"version": chosen, **({"path": path} if path else {})}
        ),
        st.integers(0, 3),
        st.sampled_from(["choose", "choose", "choose", "comment"]),
        st.sets(st.sampled_from(ids)),
        st.sampled_from([one.id for one in drawn] + ["f" * 64]),
        st.none() | st.sampled_from(PATHS),
    )
    return drawn, draw(st.lists(decision, max_size=4, unique_by=lambda one: one.id))  # type: ignore[arg-type, return-value]


def merged(state: SubmissionState, received: list[Version]) -> str:
    xml_of = {one.id: one.xml for one in received}
    return value_at(merged_document(state, xml_of.__getitem__), "/") or ""


@settings(max_examples=200, deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(case: tuple[list[Version], list[Decision]], random: object) -> None:
    received, decisions = case
    states = resolve(received, decisions)
    shuffled, later = [*received, *received[:2]], [*decisions, *decisions[:1]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    random.shuffle(later)  # type: ignore[attr-defined]
    again = resolve(iter(shuffled), iter(later))
    assert again == states
    assert [canonical_json(state.to_json()) for state in again] == [canonical_json(state.to_json()) for state in states]
    assert digest(shuffled, later, again) == digest(received, decisions, states)
    assert tuple(SubmissionState.from_json(state.to_json()) for state in states) == states


@settings(max_examples=100, deadline=None)
@given(cases())
def test_no_version_is_lost_or_told_twice(case: tuple[list[Version], list[Decision]]) -> None:
    received, decisions = case
    states = resolve(received, decisions)
    told = list(chain.from_iterable(state.versions for state in states))
    assert sorted(told) == sorted({one.id for one in received})
    instances = list(chain.from_iterable(state.instance_ids for state in states))
    assert sorted(instances) == sorted({one.instance_id for one in received})
    assert [state.root_id for state in states] == sorted({state.root_id for state in states})


@settings(max_examples=100, deadline=None)
@given(cases())
def test_a_state_is_sound_in_itself(case: tuple[list[Version], list[Decision]]) -> None:
    received, decisions = case
    contents = {pair for one in received for pair in one.attachments}
    for state in resolve(received, decisions):
        assert state.current in state.versions
        assert set(state.sources.values()) <= set(state.versions) - {state.current}
        assert (state.waits_for is None) == (state.root_id in state.instance_ids)
        assert state.waits_for in (None, state.root_id)
        assert state.edits == len(state.instance_ids) - (state.waits_for is None)
        assert set(state.attachments.items()) <= contents
        assert list(state.conflicts) == sorted(state.conflicts)
        for conflict in state.conflicts:
            assert set(conflict.versions) <= set(state.versions)
            assert len(set(conflict.versions)) == len(conflict.versions)
        assert merged(state, received).startswith("<data ")


@settings(max_examples=100, deadline=None)
@given(cases())
def test_what_belongs_together_can_be_resolved_together_or_apart(case: tuple[list[Version], list[Decision]]) -> None:
    received, decisions = case
    elsewhere = [version("uuid:x", "<a>1</a>"), version("uuid:y", "<a>2</a>", edits="uuid:x")]
    together = resolve([*received, *elsewhere], decisions)
    assert together == tuple(sorted((*resolve(received, decisions), *resolve(elsewhere)), key=lambda s: s.root_id))


forests = st.lists(st.tuples(documents(), st.integers(-1, 6)), min_size=2, max_size=7)


def plant(drawn: list[tuple[str, int]]) -> list[Version]:
    """Make one tree, each instance an edit of an earlier one: the first, or (-1) one that never arrived."""
    parents = ["uuid:never" if parent < 0 else f"uuid:{min(parent, index)}" for index, (_, parent) in enumerate(drawn)]
    return [
        version(f"uuid:{index + 1}", written, edits=parent)
        for index, ((written, _), parent) in enumerate(zip(drawn, parents, strict=True))
    ] + [version("uuid:0", "<a>1</a><b>1</b><g><a>1</a><z/></g><r><x>1</x></r><r><x>2</x></r>")]


@settings(max_examples=200, deadline=None)
@given(forests)
def test_no_answer_of_a_leaf_vanishes_silently(drawn: list[tuple[str, int]]) -> None:
    """What a leaf says stands, or is in a conflict, or is what it found where edits parted (so others changed it)."""
    received = plant(drawn)
    for state in resolve(received):
        note(str(state))
        result = merged_document(state, {one.id: one.xml for one in received}.__getitem__)
        for leaf, partings in leaves(state, received):
            for path in (path for path in PATHS if path != "/" and value_at(leaf, path) is not None):
                stands = value_at(result, path) == value_at(leaf, path)
                is_told = any(
                    is_below(path, conflict.path) or is_below(conflict.path, path) for conflict in state.conflicts
                )
                is_found = value_at(leaf, path) in {value_at(parting, path) for parting in partings}
                has_parts = value_at(leaf, path) and any(is_below(other, path) and other != path for other in PATHS)
                assert stands or is_told or is_found or has_parts, path


def leaves(state: SubmissionState, received: list[Version]) -> Iterator[tuple[Element, list[Element]]]:
    """Yield each leaf of a submission with the documents above it from which several edits were made."""
    document = {one.instance_id: parse_xml(one.xml) for one in received}
    parent = {one.instance_id: one.deprecated_id for one in received}
    edits = Counter(parent.values())
    for leaf in set(state.instance_ids) - set(edits):
        above = parent[leaf]
        partings = []
        while above in document:
            partings += [document[above]] if edits[above] > 1 else []
            above = parent[above]
        yield document[leaf], partings


def is_below(path: str, other: str) -> bool:
    # The only row of a repeat is written without its position.
    path, other = path.replace("[1]", ""), other.replace("[1]", "")
    return path == other or path.startswith((f"{other}/", f"{other}["))
