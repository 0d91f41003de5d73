"""Merging where edits part more than once, or in more than two."""

from sync_server.core.resolve import SubmissionState, Version, resolve
from tests.support.instance_versions import answers, of_xml, version

BASE = version("uuid:o", "<a>1</a><b>1</b><c>1</c>")


def edit(name: str, of: Version, written: str) -> Version:
    return version(f"uuid:{name}", written, edits=of.instance_id)


def only(*versions: Version) -> SubmissionState:
    (state,) = resolve(versions)
    assert (state,) == resolve(versions[::-1])
    return state


def test_three_edits_of_one_original_merge() -> None:
    three = [
        edit("x", BASE, "<a>2</a><b>1</b><c>1</c>"),
        edit("y", BASE, "<a>1</a><b>2</b><c>1</c>"),
        edit("z", BASE, "<a>1</a><b>1</b><c>2</c>"),
    ]
    state = only(BASE, *three)
    assert state.conflicts == ()
    assert answers(state, [BASE, *three]) == "<a>2</a><b>2</b><c>2</c>"


def test_a_conflict_between_three_names_each_value_once() -> None:
    three = [edit(n, BASE, f"<a>{value}</a><b>1</b><c>1</c>") for n, value in (("x", 2), ("y", 2), ("z", 3))]
    (conflict,) = only(BASE, *three).conflicts
    same = max(three[0].id, three[1].id)
    assert conflict.versions == tuple(sorted([same, three[2].id], reverse=True))


def test_the_later_generation_wins_for_the_time_being() -> None:
    short = edit("s", BASE, "<a>2</a><b>1</b><c>1</c>")
    first = edit("x", BASE, "<a>3</a><b>1</b><c>1</c>")
    for n in range(20):  # whichever of the two has the greater id
        second = edit("y", first, f"<a>4</a><b>{n}</b><c>1</c>")
        state = only(BASE, short, first, second)
        assert state.current == second.id
        (conflict,) = state.conflicts
        assert (conflict.path, conflict.versions) == ("/a", (second.id, short.id))


def test_the_later_generation_is_current_also_for_what_it_did_not_change() -> None:
    short = edit("s", BASE, "<a>2</a><b>1</b><c>1</c>")
    first = edit("x", BASE, "<a>1</a><b>2</b><c>1</c>")
    second = edit("y", first, "<a>1</a><b>2</b><c>3</c>")
    state = only(BASE, short, first, second)
    assert (state.current, state.sources, state.conflicts) == (second.id, {"/a": short.id}, ())
    assert answers(state, [BASE, short, first, second]) == "<a>2</a><b>2</b><c>3</c>"


def test_a_side_that_went_back_to_what_it_found_has_no_say() -> None:
    there = edit("x", BASE, "<a>2</a><b>1</b><c>1</c>")
    back = edit("y", there, "<a>1</a><b>1</b><c>1</c>")
    other = edit("z", BASE, "<a>3</a><b>1</b><c>1</c>")
    state = only(BASE, there, back, other)
    assert (state.current, state.sources, state.conflicts) == (back.id, {"/a": other.id}, ())


def test_where_all_sides_went_back_nothing_changed() -> None:
    there = edit("x", BASE, "<a>2</a><b>1</b><c>1</c>")
    back = [edit(name, there, f"<a>1</a><b>1</b><c>{name}</c>") for name in "yz"]
    other = edit("w", BASE, "<a>1</a><b>2</b><c>1</c>")
    state = only(BASE, there, *back, other)
    assert [conflict.path for conflict in state.conflicts] == ["/c"]
    assert answers(state, [BASE, there, *back, other]).startswith("<a>1</a><b>2</b>")


def test_edits_part_twice_and_merge_where_they_parted() -> None:
    # x set a to 2; of its two edits only y changed a again, so z's 2 is superseded and no rival of y's 3.
    first = edit("x", BASE, "<a>2</a><b>1</b><c>1</c>")
    second = edit("y", first, "<a>3</a><b>1</b><c>1</c>")
    third = edit("z", first, "<a>2</a><b>2</b><c>1</c>")
    other = edit("w", BASE, "<a>1</a><b>1</b><c>2</c>")
    state = only(BASE, first, second, third, other)
    assert state.conflicts == ()
    assert answers(state, [BASE, first, second, third, other]) == "<a>3</a><b>2</b><c>2</c>"


def test_a_conflict_deep_in_the_tree_is_told_at_the_top() -> None:
    first = edit("x", BASE, "<a>2</a><b>1</b><c>1</c>")
    sides = [edit("y", first, "<a>3</a><b>1</b><c>1</c>"), edit("z", first, "<a>4</a><b>1</b><c>1</c>")]
    other = edit("w", BASE, "<a>1</a><b>1</b><c>2</c>")
    (conflict,) = only(BASE, first, *sides, other).conflicts
    assert (conflict.path, set(conflict.versions)) == ("/a", {side.id for side in sides})


def test_an_edit_of_one_side_supersedes_that_side() -> None:
    left, right = edit("l", BASE, "<a>2</a><b>1</b><c>1</c>"), edit("r", BASE, "<a>3</a><b>1</b><c>1</c>")
    agreed = edit("l2", left, "<a>3</a><b>1</b><c>1</c>")
    state = only(BASE, left, right, agreed)
    assert (state.current, state.conflicts, state.edits) == (agreed.id, (), 3)


def test_sealed_documents_are_never_mixed() -> None:
    def sealed(id: str, key: str, edits: str | None = None) -> Version:
        deprecated = f"<deprecatedID>{edits}</deprecatedID>" if edits else ""
        xml = (
            f'<data xmlns="http://www.opendatakit.org/xforms/encrypted" id="f" encrypted="yes">'
            f"<base64EncryptedKey>{key}</base64EncryptedKey><meta><instanceID>{id}</instanceID>{deprecated}</meta>"
            "<encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>"
        )
        return of_xml(xml.encode(), id, edits=edits, files=[f"submission.xml.enc={key}"])

    original = sealed("uuid:o", "k0")
    sides = [sealed("uuid:l", "k1", "uuid:o"), sealed("uuid:r", "k2", "uuid:o")]
    state = only(original, *sides)
    winner = max(sides, key=lambda v: v.id)
    assert (state.current, state.sources) == (winner.id, {})
    assert state.attachments == dict(winner.attachments)
    assert {conflict.path for conflict in state.conflicts} == {"/", "submission.xml.enc"}


def test_documents_with_different_roots_are_compared_as_a_whole() -> None:
    left = edit("l", BASE, "<a>2</a><b>1</b><c>1</c>")
    xml = left.xml.replace(b"<data", b"<other").replace(b"</data", b"</other").replace(b"uuid:l", b"uuid:r")
    other = of_xml(xml, "uuid:r", edits="uuid:o")
    assert [conflict.path for conflict in only(BASE, left, other).conflicts] == ["/"]
