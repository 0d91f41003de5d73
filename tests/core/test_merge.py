"""Two edits of one submission merge field by field; what both changed is told."""

import pytest

from sync_server.core.resolve import Conflict, SubmissionState, Version, resolve
from tests.support.instance_versions import answers, of_xml, version


def fork(base: str, left: str, right: str) -> tuple[SubmissionState, list[Version]]:
    """Resolve two edits of one original, given as answers."""
    versions = [
        version("uuid:o", base),
        version("uuid:l", left, edits="uuid:o"),
        version("uuid:r", right, edits="uuid:o"),
    ]
    (state,) = resolve(versions)
    assert (state,) == resolve(versions[::-1])
    return state, versions


def merged(base: str, left: str, right: str) -> str:
    """Merge without conflict."""
    state, versions = fork(base, left, right)
    assert state.conflicts == ()
    return answers(state, versions)


def paths(base: str, left: str, right: str) -> list[str]:
    """Return the paths in conflict, having checked that nothing is silent: both values are named."""
    state, (_, one, other) = fork(base, left, right)
    for conflict in state.conflicts:
        assert conflict == Conflict("field", conflict.path, (max(one.id, other.id), min(one.id, other.id)))
    return [conflict.path for conflict in state.conflicts]


def row(*people: str) -> str:
    return "".join(
        f"<people><name>{name}</name><phone>{phone}</phone></people>" for name, phone in map(str.split, people)
    )


def test_the_side_that_changed_a_field_gives_it() -> None:
    left, right = "<name>Alicia</name><age>30</age>", "<name>Alice</name><age>31</age>"
    assert merged("<name>Alice</name><age>30</age>", left, right) == "<name>Alicia</name><age>31</age>"


def test_only_what_is_not_the_current_versions_has_a_source() -> None:
    state, (_, left, right) = fork("<a>1</a><b>1</b>", "<a>2</a><b>1</b>", "<a>1</a><b>2</b>")
    other = min(left, right, key=lambda v: v.id)
    assert state.current == max(left.id, right.id)
    assert state.sources == {"/a" if other is left else "/b": other.id}
    assert state.edits == 2


def test_the_same_change_on_both_sides_is_fine() -> None:
    assert merged("<a>1</a>", "<a>2</a>", "<a>2</a>") == "<a>2</a>"


def test_different_changes_are_a_conflict() -> None:
    assert paths("<a>1</a><b>1</b>", "<a>2</a><b>1</b>", "<a>3</a><b>1</b>") == ["/a"]


def test_white_space_in_an_answer_is_a_change() -> None:
    assert paths("<a>1</a>", "<a>1 </a>", "<a> 1</a>") == ["/a"]


@pytest.mark.parametrize(
    "base, left, expected",
    [
        ("<a>1</a>", "<a/>", "<a/>"),
        ("<a>1</a>", "", ""),
        ("<a/>", "", ""),
        ("", "<a/>", "<a/>"),
        ("", "<a>1</a>", "<a>1</a>"),
    ],
)
def test_absent_empty_and_answered_are_three_things(base: str, left: str, expected: str) -> None:
    ends = "<z>0</z>"
    assert merged(f"{base}{ends}", f"{left}{ends}", f"{base}<z>1</z>") == f"{expected}<z>1</z>"


@pytest.mark.parametrize("left, right", [("<a/>", ""), ("<a/>", "<a>2</a>"), ("", "<a>2</a>")])
def test_absent_against_empty_against_answered_is_a_conflict(left: str, right: str) -> None:
    assert paths("<a>1</a>", left, right) == ["/a"]


def test_fields_in_groups_merge_too() -> None:
    base = "<g><h><a>1</a></h><b>1</b></g>"
    left, right = "<g><h><a>2</a></h><b>1</b></g>", "<g><h><a>1</a></h><b>2</b></g>"
    assert merged(base, left, right) == "<g><h><a>2</a></h><b>2</b></g>"
    assert paths(base, left, "<g><h><a>3</a></h><b>1</b></g>") == ["/g/h/a"]


def test_a_group_no_longer_relevant_against_an_answer_in_it_is_a_conflict() -> None:
    assert paths("<g><a>1</a></g>", "", "<g><a>2</a></g>") == ["/g"]


def test_rows_of_a_repeat_merge_by_position() -> None:
    base, left, right = row("Ana 1", "Bao 2"), row("Ana 1", "Bea 2"), row("Ana 1", "Bao 3")
    assert merged(base, left, right) == row("Ana 1", "Bea 3")
    assert paths(base, left, row("Ana 1", "Ben 2")) == ["/people[2]/name"]


def test_a_row_added_on_one_side_is_kept() -> None:
    base, left = row("Ana 1") + "<note/>", row("Ana 1", "Bao 2") + "<note/>"
    assert merged(base, left, row("Ana 1") + "<note>x</note>") == row("Ana 1", "Bao 2") + "<note>x</note>"


def test_an_edit_may_take_all_rows_out_while_another_changes_an_answer() -> None:
    assert merged(row("Ana 1", "Bao 2") + "<a>1</a>", "<a>1</a>", row("Ana 1", "Bao 2") + "<a>2</a>") == "<a>2</a>"


def test_where_the_number_of_rows_differs_the_repeat_is_one_value() -> None:
    base = row("Ana 1", "Bao 2")
    assert paths(base, row("Ana 1", "Bao 2", "Cai 3"), row("Ana 9", "Bao 2")) == ["/people"]
    assert paths(base, row("Ana 1", "Bao 2", "Cai 3"), row("Ana 1", "Bao 2", "Dua 4")) == ["/people"]


def test_the_smallest_repeat_that_differs_is_the_value() -> None:
    def village(*phones: str, name: str = "V") -> str:
        house = "".join(f"<phone>{phone}</phone>" for phone in phones)
        return f"<village><name>{name}</name><house>{house}</house></village><village><name>W</name></village>"

    assert merged(village("1"), village("1", "2"), village("1", name="X")) == village("1", "2", name="X")
    assert paths(village("1"), village("1", "2"), village("3")) == ["/village[1]/house/phone"]


def test_rows_that_moved_are_not_merged_into_other_people() -> None:
    # By position Bao's new number would go to Cai, who took the second place, and nobody would know.
    base, moved = row("Ana 1", "Bao 2", "Cai 2"), row("Bao 2", "Cai 2", "Dua 2")
    assert paths(base, moved, row("Ana 1", "Bao 7", "Cai 2")) == ["/people"]
    assert merged(base, moved, base) == moved


def test_repeated_answers_merge_by_position() -> None:
    base = "<photo>a</photo><photo>b</photo>"
    assert merged(base, "<photo>c</photo><photo>b</photo>", "<photo>a</photo><photo>d</photo>") == (
        "<photo>c</photo><photo>d</photo>"
    )


def test_what_an_entity_is_told_to_do_is_one_field() -> None:
    def entity(attributes: str, label: str) -> str:
        return f'<g><meta><entity dataset="trees" {attributes}><label>{label}</label></entity></meta></g>'

    base = entity('update="1" baseVersion="1"', "oak")
    left, right = entity('update="1" baseVersion="2"', "oak"), entity('update="1" baseVersion="1"', "elm")
    assert merged(base, left, right) == entity('update="1" baseVersion="2"', "elm")
    assert paths(base, left, entity('create="1" baseVersion="1"', "oak")) == ["/g/meta/entity/@*"]


def test_text_beside_elements_is_never_lost() -> None:
    assert paths("<g><a>1</a></g>", "<g>note<a>1</a></g>", "<g><a>2</a></g>") == ["/g"]


def test_what_devices_write_by_themselves_is_no_conflict() -> None:
    def recorded(end: str) -> str:
        start = "<start>2026-11-20T09:00:00.000+03:00</start>"
        return f"{start}<end>{end}</end><today>{end[:10]}</today><deviceid>collect:{end[-8]}</deviceid><a>1</a>"

    times = [f"2026-11-{day}T10:00:00.000+03:00" for day in (20, 21, 22)]
    state, versions = fork(*map(recorded, times))
    assert (state.conflicts, state.sources) == ((), {})
    assert answers(state, versions) in map(recorded, times[1:])


def test_an_end_that_a_person_was_asked_for_is_an_answer() -> None:
    assert paths("<end>2026-11-20</end>", "<end>2026-11-21</end>", "<end>2026-11-22</end>") == ["/end"]


def test_a_caller_can_say_what_never_conflicts() -> None:
    versions = [version("uuid:o", "<a>1</a>")]
    versions += [version(f"uuid:{n}", f"<a>{n}</a>", edits="uuid:o") for n in (2, 3)]
    (state,) = resolve(versions, never_conflict=frozenset({"/a", "/meta/instanceID", "/meta/deprecatedID"}))
    assert (state.conflicts, state.sources) == ((), {})


def test_the_edit_of_a_web_form_merges_with_a_tablets_whatever_the_namespaces() -> None:
    tablet = [version("uuid:o", "<a>1</a><b>1</b>"), version("uuid:l", "<a>2</a><b>1</b>", edits="uuid:o")]
    meta = "<meta><instanceID>uuid:r</instanceID><deprecatedID>uuid:o</deprecatedID></meta>"
    web = of_xml(f'<data id="attendance" version="3"><a>1</a><b>3</b>{meta}</data>'.encode(), "uuid:r", edits="uuid:o")
    (state,) = resolve([*tablet, web])
    assert state.conflicts == ()
    assert answers(state, [*tablet, web]) == "<a>2</a><b>3</b>"


def test_edits_of_a_missing_original_agree_or_conflict() -> None:
    one = version("uuid:l", "<same>1</same><a>1</a>", edits="uuid:o")
    other = version("uuid:r", "<same>1</same><a>2</a><b/>", edits="uuid:o")
    (state,) = resolve([one, other])
    assert state.waits_for == "uuid:o"
    assert [conflict.path for conflict in state.conflicts] == ["/a", "/b"]
