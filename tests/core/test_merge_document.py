"""The merged document is the current one with the sources' fields in their places."""

from dataclasses import replace

import pytest
from lxml import etree

from sync_server.core.field_path import value_at
from sync_server.core.ids import VersionId
from sync_server.core.instance_xml import parse_xml
from sync_server.core.resolve import SubmissionState, merged_document, resolve
from tests.support.instance_versions import version

CURRENT, OTHER = VersionId("current"), VersionId("other")


def merge(current: str, other: str, *paths: str) -> str:
    """Take the fields at `paths` from the other document; prefixes and all."""
    (state,) = resolve([version("uuid:o")])
    state = replace(state, current=CURRENT, sources=dict.fromkeys(paths, OTHER))
    xml = {CURRENT: current.encode(), OTHER: other.encode()}
    return etree.tostring(merged_document(state, xml.__getitem__), encoding="unicode")


def test_without_sources_it_is_the_current_document() -> None:
    assert merge("<d><a>1</a></d>", "<d><a>2</a></d>") == "<d><a>1</a></d>"


def test_a_field_is_replaced_in_its_place() -> None:
    assert merge("<d><a>1</a><b>1</b></d>", "<d><a>2</a><b>2</b></d>", "/a") == "<d><a>2</a><b>1</b></d>"


def test_a_field_the_source_lacks_goes() -> None:
    assert merge("<d><a>1</a><b/></d>", "<d><b/></d>", "/a") == "<d><b/></d>"


@pytest.mark.parametrize(
    "current, expected",
    [
        ("<d><x/><z/></d>", "<d><x/><y>1</y><z/></d>"),
        ("<d><z/></d>", "<d><y>1</y><z/></d>"),
        ("<d/>", "<d><y>1</y></d>"),
        ("<d><x/><x/><z/></d>", "<d><x/><x/><y>1</y><z/></d>"),
    ],
)
def test_a_field_the_current_lacks_goes_behind_its_neighbour(current: str, expected: str) -> None:
    assert merge(current, "<d><x/><y>1</y><z/></d>", "/y") == expected


def test_neighbours_that_are_both_new_keep_their_order() -> None:
    assert merge("<d><p/></d>", "<d><p/><b/><a/></d>", "/a", "/b") == "<d><p/><b/><a/></d>"


def test_a_repeat_is_replaced_whole() -> None:
    assert merge("<d><r>1</r><r>2</r><z/></d>", "<d><r>3</r><z/></d>", "/r") == "<d><r>3</r><z/></d>"


def test_one_row_or_one_answer_of_a_row_is_replaced() -> None:
    current, other = "<d><r><a>1</a></r><r><a>2</a></r></d>", "<d><r><a>3</a></r><r><a>4</a></r></d>"
    assert merge(current, other, "/r[2]/a") == "<d><r><a>1</a></r><r><a>4</a></r></d>"
    assert merge("<d><r>1</r><r>2</r></d>", "<d><r>3</r><r>4</r></d>", "/r[1]") == "<d><r>3</r><r>2</r></d>"


def test_attributes_are_taken_without_what_is_in_the_element() -> None:
    current, other = '<d><e a="1" b="1"><l>x</l></e></d>', '<d><e a="2"><l>y</l></e></d>'
    assert merge(current, other, "/e/@*") == '<d><e a="2"><l>x</l></e></d>'


def test_prefixes_play_no_part() -> None:
    other = '<d xmlns:o="http://openrosa.org/xforms"><o:meta><o:name>new</o:name></o:meta></d>'
    written = merge("<d><meta><name>old</name></meta></d>", other, "/meta/name")
    assert value_at(parse_xml(written.encode()), "/meta/name") == "<name>new</name>"


def test_a_whole_document_can_be_the_source() -> None:
    assert merge("<d><a>1</a></d>", "<e><a>2</a></e>", "/") == "<e><a>2</a></e>"


def test_a_state_of_other_versions_is_not_merged_into_nonsense() -> None:
    with pytest.raises(LookupError):
        merge("<d/>", "<d><g><a/></g></d>", "/g/a")


@pytest.mark.parametrize(
    "path, expected",
    [
        ("/", '<d><r i="1"><a></a></r><r></r></d>'),
        ("/r[1]/a", "<a></a>"),
        ("/r[1]/@*", ' i="1"'),
        ("/r[3]", ""),
        ("/r/a", None),
        ("/x/a", None),
        ("/r[0]", ""),
    ],
)
def test_a_path_finds_one_field(path: str, expected: str | None) -> None:
    assert value_at(parse_xml(b'<d><r i="1"><a/></r><r/></d>'), path) == expected


def test_the_merged_document_of_a_stored_state_is_the_same() -> None:
    versions = [version("uuid:o", "<a>1</a><b>1</b>")]
    versions += [version("uuid:l", "<a>2</a><b>1</b>", edits="uuid:o"), version("uuid:r", "<a>1</a>", edits="uuid:o")]
    (state,) = resolve(versions)
    xml = {one.id: one.xml for one in versions}
    stored = SubmissionState.from_json(state.to_json())
    first, second = merged_document(state, xml.__getitem__), merged_document(stored, xml.__getitem__)
    assert etree.tostring(first) == etree.tostring(second)
    assert value_at(first, "/b") == ""
