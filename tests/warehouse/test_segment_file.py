"""What is written into a segment's files: the exact text, typed columns beside it, empty answers as NULL."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync_server.core.table_layout import FormLayout, build_layout
from sync_server.core.xform import parse_xform
from sync_server.node import Node
from sync_server.store.segment_writes import WrittenSegment
from sync_server.warehouse.segment_file import SegmentWriter, SubmissionRow
from tests.support.samples import NOON, xform


def layout(questions: Mapping[str, str]) -> FormLayout:
    return build_layout([parse_xform(xform("1", questions))])


def row(cells: Sequence[str], number: int = 0) -> SubmissionRow:
    received = NOON - timedelta(minutes=number)
    return SubmissionRow(received, f"uuid:{number}", {"_edits": 0}, [[cells]], [], [], is_stranger=False)


def write(node: Node, made: FormLayout, rows: Sequence[SubmissionRow]) -> WrittenSegment:
    with SegmentWriter(node.warehouse, made) as writer:
        for each in rows:
            writer.add(each)
        return writer.finish()


def read(node: Node, written: WrittenSegment, column: str, table: str = "") -> list[Any]:
    path = str(node.warehouse.path(written.files[table].blob_id))
    with node.warehouse.cursor() as cursor:
        return [value for (value,) in cursor.execute(f'SELECT "{column}" FROM read_parquet(?)', [path]).fetchall()]


CASTS = [
    ("int", "12", 12),
    ("int", " -7 ", -7),
    ("int", "1.5", None),
    ("int", "1_000", None),
    ("int", "0x10", None),
    ("int", "99999999999999999999", None),
    ("decimal", "1.5", 1.5),
    ("decimal", "nan", None),
    ("decimal", "inf", None),
    ("date", "2026-01-31", datetime(2026, 1, 31, tzinfo=UTC).date()),
    ("date", "2026-02-31", None),
    ("date", "infinity", None),
    ("dateTime", "2026-01-31T10:00:00.000+03:00", datetime(2026, 1, 31, 7)),
    ("dateTime", "epoch", None),
    ("boolean", "true", True),
    ("boolean", "yes", None),
]


@pytest.mark.parametrize(("kind", "text", "value"), CASTS)
def test_a_typed_column_stands_beside_the_text(hub: Node, kind: str, text: str, value: object) -> None:
    written = write(hub, layout({"/q": kind}), [row([text, ""])])
    assert read(hub, written, "/q") == [text]
    assert read(hub, written, f"/q#{kind.lower()}") == [value]


TEXTS = ["", '"quoted", with; signs', "two\nlines\r\n\tand a tab", "=1+1", "\\N", "null", "ئاوارە بارتەلا 𝄞", "  "]


def test_texts_come_back_character_by_character_and_none_is_null(hub: Node) -> None:
    written = write(hub, layout({"/q": "string"}), [row([text, ""], n) for n, text in enumerate(TEXTS)])
    assert read(hub, written, "/q") == [text or None for text in TEXTS]
    assert read(hub, written, "_row") == list(range(len(TEXTS)))


def test_an_answer_of_three_megabytes_is_whole(hub: Node) -> None:
    long = "ئ" * 1_500_000
    written = write(hub, layout({"/q": "string"}), [row([long, ""]), row(["short", ""], 1)])
    assert read(hub, written, "/q") == [long, "short"]


def test_names_differing_in_case_are_columns_of_their_own(hub: Node) -> None:
    written = write(hub, layout({"/Age": "string", "/age": "string"}), [row(["old", "young", ""])])
    assert (read(hub, written, "/^age"), read(hub, written, "/age")) == (["old"], ["young"])


def test_the_same_rows_written_twice_are_two_files(hub: Node) -> None:
    made = layout({"/q": "string"})
    first, second = (write(hub, made, [row(["a", ""])]) for _ in range(2))
    assert first.files[""].blob_id != second.files[""].blob_id


def test_a_table_without_rows_has_no_file(hub: Node) -> None:
    written = write(hub, layout({"/q": "string"}), [row(["a", ""])])
    assert list(written.files) == [""]


def test_nothing_is_left_in_the_scratch_folder(hub: Node) -> None:
    write(hub, layout({"/q": "string"}), [row(["a", ""])])
    assert [path for path in hub.scratch.iterdir() if path.name.startswith("warehouse-")] == []
