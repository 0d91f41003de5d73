"""A submission becomes rows as Central lays them out, and no answer is dropped or changed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from sync_server.core.instance_xml import parse_xml
from sync_server.core.rows import RowMetadata, SubmissionRows, UnplacedAnswer, make_rows
from sync_server.core.table_schema import LAST_COLUMNS, TableSchema, build_table_schema
from tests.core.test_table_schema import fields

MORNING = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)


def rows_of(schema: TableSchema, xml: str, key: str = "uuid:1") -> SubmissionRows:
    return make_rows(schema, parse_xml(f"<data>{xml}</data>".encode()), RowMetadata(key, MORNING))


def answers(schema: TableSchema, xml: str) -> dict[str, str]:
    row = rows_of(schema, xml).tables[0][0]
    named = dict(zip(schema.tables[0].header, row, strict=True))
    return {name: cell for name, cell in named.items() if name not in ("SubmissionDate", *LAST_COLUMNS)}


FAMILY = build_table_schema(
    [fields("/name", "/g:structure", "/g/child:repeat", "/g/child/name", "/g/child/toy:repeat", "/g/child/toy/name")]
)


def test_root_row_carries_what_the_server_knows() -> None:
    metadata = RowMetadata(
        key="uuid:1", submission_date=datetime(2026, 3, 1, 9, 30, 0, 123456, timezone(timedelta(hours=3))),
        submitter_id="7", submitter_name="tablet", attachments_present=1, attachments_expected=2,
        review_state="approved", device_id="collect:x", edits=3, form_version="2",
    )  # fmt: skip
    made = make_rows(FAMILY, parse_xml(b"<data><name>Alice</name></data>"), metadata)
    assert made.tables[0] == [
        ["2026-03-01T06:30:00.123Z", "Alice", "uuid:1", "7", "tablet", "1", "2", "", "approved", "collect:x", "3", "2"]
    ]


def test_whole_second_still_has_milliseconds() -> None:
    assert rows_of(FAMILY, "").tables[0][0][0] == "2026-03-01T06:30:00.000Z"


def test_sealed_submission_is_a_row_of_metadata_only() -> None:
    made = make_rows(FAMILY, None, RowMetadata("uuid:1", MORNING, status="not decrypted"))
    assert made.tables == [
        [["2026-03-01T06:30:00.000Z", "", "uuid:1", "", "", "0", "0", "not decrypted", "", "", "0", ""]], [], []
    ]  # fmt: skip


def test_repeats_are_keyed_by_path_and_number_within_the_repeat_around_them() -> None:
    made = rows_of(
        FAMILY,
        "<name>Bob</name><g>"
        "<child><name>Billy</name><toy><name>R2</name></toy></child>"
        "<child><name>Blaine</name><toy><name>BB</name></toy><toy><name>Porg</name></toy></child></g>",
    )
    assert made.tables[1] == [["Billy", "uuid:1", "uuid:1/g/child[1]"], ["Blaine", "uuid:1", "uuid:1/g/child[2]"]]
    assert made.tables[2] == [
        ["R2", "uuid:1/g/child[1]", "uuid:1/g/child[1]/toy[1]"],
        ["BB", "uuid:1/g/child[2]", "uuid:1/g/child[2]/toy[1]"],
        ["Porg", "uuid:1/g/child[2]", "uuid:1/g/child[2]/toy[2]"],
    ]


def test_numbering_goes_on_when_the_group_around_a_repeat_is_sent_twice() -> None:
    made = rows_of(FAMILY, "<g><child><name>A</name></child></g><g><child><name>B</name></child></g>")
    assert [row[-1] for row in made.tables[1]] == ["uuid:1/g/child[1]", "uuid:1/g/child[2]"]


def test_empty_repeat_instance_is_a_row() -> None:
    assert rows_of(FAMILY, "<g><child/></g>").tables[1] == [["", "uuid:1", "uuid:1/g/child[1]"]]


@pytest.mark.parametrize(
    "text",
    [
        *("=cmd|' /C calc'!A0", "+964-770-123-4567", "-1", "@here", " leading and trailing ", "line\nbreak", "0042"),
        *("2.7199999999999998", "فريد حسن", "ڕێکخراو", "👮🏽‍♀️ 𐌰", "a|b\\c", "a b c", '"quoted", comma'),
    ],
)
def test_answer_is_passed_on_character_by_character(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    assert answers(FAMILY, f"<name>{escaped}</name>") == {"name": text}


def test_references_cdata_and_comments_are_read_as_one_text() -> None:
    assert answers(FAMILY, "<name>a&#64;b<!-- c --><![CDATA[.org]]>&#13;</name>") == {"name": "a@b.org\r"}


def test_namespaces_of_the_client_do_not_matter() -> None:
    schema = build_table_schema([fields("/meta:structure", "/meta/instanceID", "/name")])
    xml = (
        '<d xmlns="urn:x"><name>A</name><o:meta xmlns:o="http://openrosa.org/xforms">'
        "<o:instanceID>uuid:9</o:instanceID></o:meta></d>"
    )
    made = make_rows(schema, parse_xml(xml.encode()), RowMetadata("uuid:1", MORNING))
    assert made.tables[0][0][1:4] == ["uuid:9", "A", "uuid:1"]
    assert made.unplaced == []


@pytest.mark.parametrize(
    "text, parts",
    [
        ("36.19 44.01 415.2 4.9", ["36.19", "44.01", "415.2", "4.9"]),
        ("36.19 44.01", ["36.19", "44.01", "", ""]),
        ("", ["", "", "", ""]),
        ("not a point at all", ["not", "a", "point", "at all"]),
    ],
)
def test_point_is_split_and_nothing_of_a_malformed_one_is_lost(text: str, parts: list[str]) -> None:
    schema = build_table_schema([fields("/where:geopoint")])
    assert list(answers(schema, f"<where>{text}</where>").values()) == parts


def test_point_that_was_a_text_keeps_the_text_and_is_split_only_when_it_is_a_point() -> None:
    schema = build_table_schema([fields("/where:geopoint"), fields("/where")])
    assert list(answers(schema, "<where>36.1 44.0 0 0</where>").values()) == ["36.1 44.0 0 0", "36.1", "44.0", "0", "0"]
    assert list(answers(schema, "<where>by the mosque</where>").values()) == ["by the mosque", "", "", "", ""]


def test_question_that_became_a_group_is_read_in_both_shapes() -> None:
    schema = build_table_schema([fields("/x:structure", "/x/y"), fields("/x")])
    assert answers(schema, "<x>old</x>") == {"x": "old", "x-y": ""}
    assert answers(schema, "<x>\n  <y>new</y>\n</x>") == {"x": "", "x-y": "new"}


def test_comment_beside_an_answer_does_not_make_a_group_of_it() -> None:
    schema = build_table_schema([fields("/x:structure", "/x/y"), fields("/x")])
    assert answers(schema, "<x>old<!-- checked --></x>") == {"x": "old", "x-y": ""}
    assert rows_of(schema, "<x>old<!-- checked --></x>").unplaced == []


def test_question_that_became_a_repeat_is_read_in_both_shapes() -> None:
    schema = build_table_schema([fields("/x:repeat", "/x/y"), fields("/x")])
    assert answers(schema, "<x>old</x>") == {"x": "old"}
    assert rows_of(schema, "<x><y>1</y></x><x><y>2</y></x>").tables[1] == [
        ["1", "uuid:1", "uuid:1/x[1]"],
        ["2", "uuid:1", "uuid:1/x[2]"],
    ]


def test_answer_no_version_knows_is_kept_aside_with_its_place() -> None:
    made = rows_of(
        FAMILY, "<name>A</name><new><deep>1</deep><deep>2</deep></new><g><child><name>B</name><age>4</age></child></g>"
    )
    assert made.unplaced == [
        UnplacedAnswer("uuid:1", "/new/deep", "1"),
        UnplacedAnswer("uuid:1", "/new/deep", "2"),
        UnplacedAnswer("uuid:1", "/g/child[1]/age", "4"),
    ]


def test_second_answer_to_one_question_is_kept_aside() -> None:
    made = rows_of(FAMILY, "<name>A</name><name>B</name>")
    assert made.tables[0][0][1] == "A"
    assert made.unplaced == [UnplacedAnswer("uuid:1", "/name", "B")]


def test_children_of_what_is_only_a_question_are_kept_aside() -> None:
    assert rows_of(FAMILY, "<name>A<first>B</first></name>").unplaced == [UnplacedAnswer("uuid:1", "/name/first", "B")]


def test_empty_unknown_elements_and_the_edit_chain_are_no_answers() -> None:
    assert (
        rows_of(FAMILY, "<gone/><meta><instanceID>2</instanceID><deprecatedID>1</deprecatedID></meta>").unplaced == []
    )


def test_form_without_questions_gives_rows_of_metadata() -> None:
    schema = build_table_schema([[]])
    assert rows_of(schema, "<a>1</a>").unplaced == [UnplacedAnswer("uuid:1", "/a", "1")]


def test_very_deep_unknown_content_does_not_break_the_export() -> None:
    made = rows_of(FAMILY, "<x>" * 200 + "deep" + "</x>" * 200)
    assert made.unplaced[0].value == "deep"
