"""What becomes of the versions of a submission: resends, variants, edits, waiting originals, rings."""

from dataclasses import replace

import pytest

from sync_server.core.resolve import Conflict, SubmissionState, Version, resolve
from tests.support.instance_versions import of_xml, version

ORIGINAL = version("uuid:o", "<name>Alice</name><age>30</age>")


def only(*versions: Version) -> SubmissionState:
    (state,) = resolve(versions)
    return state


def greatest_first(*versions: Version) -> tuple[str, ...]:
    return tuple(sorted((version.id for version in versions), reverse=True))


def test_a_submission_sent_once_is_itself() -> None:
    assert only(ORIGINAL) == SubmissionState(
        root_id=ORIGINAL.instance_id,
        current=ORIGINAL.id,
        sources={},
        conflicts=(),
        waits_for=None,
        instance_ids=(ORIGINAL.instance_id,),
        versions=(ORIGINAL.id,),
        edits=0,
        attachments={},
    )


def test_a_submission_sent_once_is_not_even_parsed() -> None:
    unreadable = replace(ORIGINAL, xml=b"not XML")
    assert only(unreadable) == only(ORIGINAL)


def test_the_short_way_and_the_long_way_give_the_same_state() -> None:
    with_file = version("uuid:o", files=["a.jpg=1", "a.jpg=2", "b.jpg=3"])
    assert only(with_file) == only(with_file, with_file)


def test_nothing_resolves_to_nothing() -> None:
    assert resolve([]) == ()


def test_a_resend_changes_nothing() -> None:
    assert only(ORIGINAL, ORIGINAL) == only(ORIGINAL)


def test_the_chunks_of_a_split_upload_are_one_version() -> None:
    first, second = version("uuid:o", files=["a.jpg=1"]), version("uuid:o", files=["b.jpg=2"])
    state = only(first, second)
    assert state.versions == (first.id,)
    assert list(state.attachments) == ["a.jpg", "b.jpg"]


def test_the_same_content_in_other_bytes_is_no_conflict() -> None:
    other = of_xml(ORIGINAL.xml.replace(b"<name>", b"\n  <name>"), "uuid:o", files=["a.jpg=1"])
    state = only(ORIGINAL, other)
    assert state.conflicts == ()
    assert state.current == max(ORIGINAL.id, other.id)
    assert state.versions == tuple(sorted([ORIGINAL.id, other.id]))
    assert list(state.attachments) == ["a.jpg"]


def test_other_content_under_the_same_instance_id_is_a_conflict_with_a_provisional_winner() -> None:
    variants = [ORIGINAL, version("uuid:o", "<name>Bob</name>"), version("uuid:o", "<name>Chelsea</name>")]
    state = only(*variants)
    assert state.conflicts == (Conflict("variant", "uuid:o", greatest_first(*variants)),)
    assert state.current == greatest_first(*variants)[0]
    assert state.edits == 0


def test_a_variant_of_an_edited_original_is_still_told() -> None:
    variant = version("uuid:o", "<name>Bob</name>")
    edit = version("uuid:a", "<name>Alice</name><age>31</age>", edits="uuid:o")
    state = only(ORIGINAL, variant, edit)
    assert state.current == edit.id
    assert [conflict.kind for conflict in state.conflicts] == ["variant"]


def test_a_chain_of_edits_ends_in_the_last_one() -> None:
    first = version("uuid:a", "<name>Alicia</name>", edits="uuid:o")
    second = version("uuid:b", "<name>Ali</name>", edits="uuid:a")
    state = only(second, ORIGINAL, first)
    assert (state.root_id, state.current, state.edits) == ("uuid:o", second.id, 2)
    assert state.instance_ids == ("uuid:o", "uuid:a", "uuid:b")
    assert (state.sources, state.conflicts, state.waits_for) == ({}, (), None)


def test_an_edit_before_its_original_waits_visibly_and_then_resolves() -> None:
    edit = version("uuid:a", "<name>Alicia</name>", edits="uuid:o")
    waiting = only(edit)
    assert (waiting.root_id, waiting.waits_for, waiting.current) == ("uuid:o", "uuid:o", edit.id)
    assert (waiting.edits, waiting.instance_ids) == (1, ("uuid:a",))
    come = only(edit, ORIGINAL)
    assert (come.root_id, come.waits_for, come.current, come.edits) == ("uuid:o", None, edit.id, 1)


def test_all_edits_of_one_missing_original_share_its_subject() -> None:
    one = version("uuid:a", "<name>Alicia</name>", edits="uuid:o")
    other = version("uuid:b", "<name>Ali</name>", edits="uuid:o")
    state = only(one, other)
    assert (state.waits_for, state.edits) == ("uuid:o", 2)
    assert state.instance_ids == ("uuid:a", "uuid:b")


def test_several_submissions_come_out_by_root_when_a_losing_variant_ties_them_together() -> None:
    # Two variants of one edit name different originals: the winner's parent counts, the other original stands alone.
    one = version("uuid:e", "<name>X</name>", edits="uuid:o")
    other = version("uuid:e", "<name>X</name>", edits="uuid:p")
    second = version("uuid:p", "<name>Paul</name>")
    states = resolve([ORIGINAL, one, other, second])
    assert [state.root_id for state in states] == ["uuid:o", "uuid:p"]
    assert sorted(state.edits for state in states) == [0, 1]
    with_edit = next(state for state in states if state.edits)
    assert with_edit.root_id == max(one, other, key=lambda v: v.id).deprecated_id
    assert [conflict.kind for conflict in with_edit.conflicts] == ["variant"]


def test_an_edit_of_itself_is_an_original() -> None:
    itself = version("uuid:o", "<name>Alice</name>", edits="uuid:o")
    state = only(itself)
    assert (state.root_id, state.waits_for, state.edits) == ("uuid:o", None, 0)


@pytest.mark.parametrize("names", ["ab", "abc", "bca", "zyxw"])
def test_a_forged_ring_of_edits_is_cut_above_its_smallest_id(names: str) -> None:
    ring = [
        version(f"uuid:{name}", f"<name>{name}</name>", edits=f"uuid:{parent}")
        for name, parent in zip(names, names[1:] + names[0], strict=True)
    ]
    state = only(*ring)
    assert state.root_id == f"uuid:{min(names)}"
    assert (state.waits_for, state.edits) == (None, len(names) - 1)


def test_an_edit_below_a_ring_belongs_to_it() -> None:
    ring = [version("uuid:a", edits="uuid:b"), version("uuid:b", edits="uuid:a")]
    below = version("uuid:0", "<name>below</name>", edits="uuid:b")
    state = only(*ring, below)
    assert (state.root_id, state.current) == ("uuid:a", below.id)
    assert state.instance_ids == ("uuid:a", "uuid:b", "uuid:0")


def test_a_chain_longer_than_the_stack_is_deep_resolves() -> None:
    chain = [version("uuid:0")] + [version(f"uuid:{n}", edits=f"uuid:{n - 1}") for n in range(1, 1500)]
    assert only(*chain).current == chain[-1].id
    assert only(*chain[1:]).waits_for == "uuid:0"


def test_a_state_survives_being_stored_as_json() -> None:
    one = version("uuid:a", "<name>Alicia</name>", edits="uuid:o", files=["a.jpg=1"])
    other = version("uuid:b", "<name>Ali</name><note>x</note>", edits="uuid:o")
    for state in (only(ORIGINAL, one, other), only(one)):
        assert SubmissionState.from_json(state.to_json()) == state
