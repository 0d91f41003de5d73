"""A person's choice settles what that person saw, and nothing that came later."""

from dataclasses import replace

from sync_server.core.resolve import Decision, SubmissionState, Version, resolve
from tests.support.instance_versions import answers, choose, of_xml, version

ALICE, BOB, CHELSEA = sorted(
    (version("uuid:o", f"<name>{name}</name>") for name in ("Alice", "Bob", "Chelsea")), key=lambda v: v.id
)
"""Three variants, the greatest version id last: it wins as long as nobody decides."""

BASE = version("uuid:o", "<name>Alice</name><age>30</age>")
LEFT = version("uuid:l", "<name>Alicia</name><age>31</age>", edits="uuid:o")
RIGHT = version("uuid:r", "<name>Ali</name><age>32</age>", edits="uuid:o")


def only(versions: list[Version], *decisions: Decision) -> SubmissionState:
    (state,) = resolve(versions, decisions)
    assert (state,) == resolve(versions[::-1], decisions[::-1])
    return state


def test_a_choice_settles_the_variants_its_author_saw() -> None:
    state = only([ALICE, BOB], choose("d1", ALICE, ALICE, BOB))
    assert (state.current, state.conflicts) == (ALICE.id, ())


def test_a_later_variant_opens_the_conflict_again_and_the_chosen_one_leads() -> None:
    state = only([ALICE, BOB, CHELSEA], choose("d1", ALICE, ALICE, BOB))
    assert state.current == ALICE.id
    assert state.conflicts[0].versions == (ALICE.id, CHELSEA.id, BOB.id)


def test_a_later_writing_of_a_content_already_seen_opens_nothing() -> None:
    rewritten = of_xml(ALICE.xml.replace(b"<name>", b"\n<name>"), "uuid:o")
    state = only([ALICE, BOB, rewritten], choose("d1", BOB, ALICE, BOB))
    assert (state.current, state.conflicts) == (BOB.id, ())


def test_the_last_decision_of_a_line_counts() -> None:
    first = choose("d9", ALICE, ALICE, BOB)
    second = choose("d1", BOB, first)
    assert only([ALICE, BOB], first, second).current == BOB.id
    assert only([ALICE, BOB], first, second).conflicts == ()


def test_two_people_who_choose_differently_leave_the_conflict_open() -> None:
    state = only([ALICE, BOB], choose("d1", BOB, ALICE, BOB), choose("d2", ALICE, ALICE, BOB))
    assert state.current == ALICE.id
    assert [conflict.kind for conflict in state.conflicts] == ["variant"]


def test_a_third_decision_that_saw_both_settles_them() -> None:
    one, other = choose("d1", BOB, ALICE, BOB), choose("d2", ALICE, ALICE, BOB)
    state = only([ALICE, BOB], one, other, choose("d0", BOB, one, other))
    assert (state.current, state.conflicts) == (BOB.id, ())


def test_two_people_who_choose_alike_settle_together_what_each_saw() -> None:
    state = only([ALICE, BOB, CHELSEA], choose("d1", ALICE, ALICE, BOB), choose("d2", ALICE, ALICE, CHELSEA))
    assert (state.current, state.conflicts) == (ALICE.id, ())


def test_a_decision_waits_for_the_version_it_names() -> None:
    early = choose("d1", ALICE, ALICE, BOB, CHELSEA)
    assert only([BOB, CHELSEA], early) == only([BOB, CHELSEA])
    assert only([ALICE, BOB, CHELSEA], early).conflicts == ()


def test_a_decision_that_waits_does_not_push_another_aside() -> None:
    first = choose("d1", BOB, BOB, CHELSEA)
    later = choose("d2", ALICE, first, ALICE)
    assert only([BOB, CHELSEA], first, later).current == BOB.id
    assert only([ALICE, BOB, CHELSEA], first, later).current == ALICE.id


def test_decisions_forged_to_name_each_other_settle_nothing() -> None:
    one = Decision("d1", "choose", frozenset({"d2", ALICE.id, BOB.id}), {"version": ALICE.id})
    other = Decision("d2", "choose", frozenset({"d1", ALICE.id, BOB.id}), {"version": BOB.id})
    state = only([ALICE, BOB], one, other)
    assert len(state.conflicts) == 1


def test_a_decision_forged_to_name_itself_still_counts_against_others() -> None:
    itself = Decision("d2", "choose", frozenset({"d2", ALICE.id, BOB.id}), {"version": ALICE.id})
    assert only([ALICE, BOB], itself).conflicts == ()
    assert len(only([ALICE, BOB], itself, choose("d1", BOB, ALICE, BOB)).conflicts) == 1


def test_other_decisions_and_broken_ones_settle_nothing() -> None:
    choice = choose("d1", ALICE, ALICE, BOB)
    others = [replace(choice, kind="review"), replace(choice, body={}), replace(choice, body={"version": 7})]
    for other in others:
        assert only([ALICE, BOB], other) == only([ALICE, BOB])


def test_choosing_a_variant_decides_whose_edit_it_is() -> None:
    one = version("uuid:e", "<name>X</name>", edits="uuid:o")
    other = version("uuid:e", "<name>X</name>", edits="uuid:p")
    for chosen in (one, other):
        (state,) = resolve([one, other], [choose("d1", chosen, one, other)])
        assert state.waits_for == chosen.deprecated_id


def test_a_choice_with_a_path_settles_that_field_only() -> None:
    state = only([BASE, LEFT, RIGHT], choose("d1", LEFT, LEFT, RIGHT, path="/name"))
    assert [conflict.path for conflict in state.conflicts] == ["/age"]
    assert "<name>Alicia</name>" in answers(state, [BASE, LEFT, RIGHT])


def test_a_choice_of_the_whole_document_settles_every_field() -> None:
    for chosen in (LEFT, RIGHT):
        state = only([BASE, LEFT, RIGHT], choose("d1", chosen, LEFT, RIGHT, path="/"))
        assert state.conflicts == ()
        assert answers(state, [BASE, LEFT, RIGHT]) == answers(only([chosen]), [chosen])


def test_a_field_once_settled_stays_so_through_edits_of_other_fields() -> None:
    choice = choose("d1", LEFT, LEFT, RIGHT, path="/name")
    further = version("uuid:r2", "<name>Ali</name><age>33</age>", edits="uuid:r")
    state = only([BASE, LEFT, RIGHT, further], choice)
    assert [conflict.path for conflict in state.conflicts] == ["/age"]
    assert "<name>Alicia</name>" in answers(state, [BASE, LEFT, RIGHT, further])


def test_a_field_settled_and_then_changed_is_a_conflict_again() -> None:
    choice = choose("d1", LEFT, LEFT, RIGHT, path="/name")
    further = version("uuid:r2", "<name>Aliye</name><age>32</age>", edits="uuid:r")
    state = only([BASE, LEFT, RIGHT, further], choice)
    assert [conflict.path for conflict in state.conflicts] == ["/age", "/name"]
    assert state.conflicts[1].versions == (LEFT.id, further.id)


def test_a_choice_of_variants_says_nothing_about_fields() -> None:
    assert only([BASE, LEFT, RIGHT], choose("d1", LEFT, LEFT, RIGHT)) == only([BASE, LEFT, RIGHT])


def test_a_choice_of_a_field_says_nothing_about_variants() -> None:
    assert only([ALICE, BOB], choose("d1", ALICE, ALICE, BOB, path="/name")) == only([ALICE, BOB])


def test_a_choice_for_a_group_settles_the_fields_in_it() -> None:
    versions = [version("uuid:o", "<g><a>1</a></g><ga>1</ga>")]
    versions += [version(f"uuid:{n}", f"<g><a>{n}</a></g><ga>{n}</ga>", edits="uuid:o") for n in (2, 3)]
    for chosen in versions[1:]:
        state = only(versions, choose("d1", chosen, *versions, path="/g"))
        assert [conflict.path for conflict in state.conflicts] == ["/ga"]
        assert answers(state, versions).startswith(answers(only([chosen]), [chosen])[:15])


def test_a_field_can_be_chosen_by_any_writing_of_its_version() -> None:
    rewritten = of_xml(LEFT.xml.replace(b"<name>", b"\n<name>"), "uuid:l", edits="uuid:o")
    for named in (LEFT, rewritten):
        state = only([BASE, LEFT, rewritten, RIGHT], choose("d1", named, named, RIGHT, path="/"))
        assert state.conflicts == ()
