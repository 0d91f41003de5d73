"""The CSV that comes out of the warehouse is, byte for byte, what plain Python writes of the same submissions."""

import csv
import zlib
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_server.core.instance_xml import parse_xml
from sync_server.core.rows import RowMetadata, make_rows
from sync_server.core.table_layout import FormLayout
from sync_server.exporters.csv_columns import Switches, select_tables
from sync_server.exporters.csv_text import csv_lines
from sync_server.exporters.deflated import END
from sync_server.store.segments import Segment
from sync_server.warehouse import csv_rows
from sync_server.warehouse.csv_blocks import CsvBlocks
from sync_server.warehouse.csv_rows import UNPLACED_TABLE, CsvRows, ExportCounts, Matches
from sync_server.warehouse.warehouse import Warehouse
from tests.exporters.test_csv_columns import layout
from tests.support.csv_segments import MORNING, Sent, make_segment, open_warehouse, tables_of

VISIT = layout(
    ("/place", "/photo:binary", "/where:geopoint", "/who:repeat", "/who/name", "/who/item:repeat", "/who/item/what")
)
NEEDS = layout(("/needs", "/who:repeat", "/who/can"), multiple=("/needs", "/who/can"), choices=("food", "water"))


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return open_warehouse(tmp_path)


class Reader:
    """Reads tables of the sample form from segments."""

    def __init__(self, warehouse: Warehouse, form: FormLayout = VISIT) -> None:
        self.warehouse = warehouse
        self.form = form
        self.scratch = warehouse.new_folder()
        self.blocks = CsvBlocks(self.scratch / "blocks", limit=10**9)

    def rows(self, *segments: Segment, matches: Matches | None = None) -> CsvRows:
        return CsvRows(tables_of(self.warehouse, self.form, *segments), self.blocks, matches)

    def texts(
        self, *segments: Segment, matches: Matches | None = None, switches: Switches = Switches()
    ) -> dict[str, str]:
        rows = self.rows(*segments, matches=matches)
        seen = (
            {(t, c): rows.choices(t, c) for t, c in (("", "/needs"), ("/who", "/who/can"))} if switches.is_split else {}
        )
        tables = (*select_tables(self.form, switches, seen), UNPLACED_TABLE)
        return {table.path: self._text(rows, table) for table in tables}

    def _text(self, rows: CsvRows, table: csv_rows.CsvTable) -> str:
        made = list(rows.blocks(table, self.scratch))
        packed = b"".join(piece for block in made for piece in block.block.read())
        text = zlib.decompress(packed + END, -zlib.MAX_WBITS).decode()
        assert sum(block.rows for block in made) == len(list(csv.reader(StringIO(text, newline=""))))
        return text


def expected(form: FormLayout, sent: list[Sent]) -> dict[str, str]:
    """What plain Python makes of the submissions, newest first."""
    found: dict[str, list[list[str]]] = {table.path: [] for table in form.tables} | {"#unplaced": []}
    for one in sorted(sent, key=lambda one: (one.minutes, one.key), reverse=True):
        when = MORNING.replace(hour=6 + (30 + one.minutes) // 60, minute=(30 + one.minutes) % 60)
        made = make_rows(form.schema, parse_xml(f"<data>{one.xml}</data>".encode()), RowMetadata(one.key, when))
        for table, rows in zip(form.tables, made.tables, strict=True):
            found[table.path] += rows
        found["#unplaced"] += [[a.key, a.path, a.value] for a in made.unplaced]
    return {path: csv_lines(rows) for path, rows in found.items()}


# What XML can carry, and what a CSV, DuckDB or a spreadsheet could stumble over.
NASTY = st.one_of(
    st.text(st.sampled_from("\"',;\t\n\r =+-@#|\\عم0أ\u2028\x85\ufeff\u200f👮"), min_size=1, max_size=8),
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=20
    ),
    st.sampled_from(["NULL", "null", "''", '""', "=1+1", "nan", "true", "1e5", "2026-01-01", "x" * 5000]),
)


def as_xml(text: str) -> str:
    return escape(text, {"\r": "&#13;"})


@st.composite
def submissions(draw: st.DrawFn) -> list[Sent]:
    def answer(name: str) -> str:
        return f"<{name}>{as_xml(draw(NASTY))}</{name}>" if draw(st.booleans()) else ""

    def one(number: int) -> Sent:
        items = [f"<item>{answer('what')}</item>" * draw(st.integers(0, 2)) for _ in range(draw(st.integers(0, 2)))]
        who = "".join(f"<who>{answer('name')}{item}</who>" for item in items)
        xml = answer("place") + answer("where") + who + answer("stranger")
        return Sent(f"uuid:{number}", xml, draw(st.integers(0, 9)))

    return [one(number) for number in range(draw(st.integers(1, 8)))]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_csv_is_byte_for_byte_that_of_plain_python(data: st.DataObject) -> None:
    """Whatever the cells, in one segment or in several that overlap, with rows that were replaced."""
    with TemporaryDirectory() as folder:
        reader = Reader(open_warehouse(Path(folder)))
        sent = data.draw(submissions())
        cut = data.draw(st.integers(0, len(sent)))
        segments = [
            make_segment(reader.warehouse, VISIT, part, number=number)
            for number, part in enumerate((sent[:cut], sent[cut:]), start=1)
            if part
        ]

        assert reader.texts(*segments) == expected(VISIT, sent)
        assert reader.rows(*segments).counts().submissions == len(sent)
        reader.warehouse.close()


def test_replaced_rows_are_not_shown(warehouse: Warehouse) -> None:
    reader = Reader(warehouse)
    sent = [Sent(f"uuid:{n}", f"<place>P{n}</place><who><name>{n}</name></who>", n) for n in range(5)]
    base = make_segment(warehouse, VISIT, sent, deleted=[0, 3])  # newest first: 4 and 1
    again = Sent("uuid:1", "<place>new</place>", 1)
    delta = make_segment(warehouse, VISIT, [again], number=2)
    stay = [one for one in sent if one.key not in ("uuid:1", "uuid:4")]
    assert reader.texts(base, delta) == expected(VISIT, [*stay, again])
    assert reader.texts(base) == expected(VISIT, stay)
    assert reader.rows(base).counts().submissions == 3


def test_filter_shows_the_submissions_it_lets_through_with_their_repeats(warehouse: Warehouse) -> None:
    reader = Reader(warehouse)
    sent = [Sent(f"uuid:{n}", f"<stranger>{n}</stranger><who><name>{n}</name></who>", n) for n in range(5)]
    segment = make_segment(warehouse, VISIT, sent, deleted=[1])
    some = {segment.id: frozenset({1, 2, 4})}
    assert reader.texts(segment, matches=some) == expected(VISIT, [sent[2], sent[0]])
    counts = reader.rows(segment, matches=some).counts()
    assert (counts.submissions, counts.unplaced_answers) == (2, 2)
    assert set(reader.texts(segment, matches={}).values()) == {""}


def test_column_a_segment_does_not_know_is_empty_there(warehouse: Warehouse) -> None:
    old, new = layout(("/a",)), layout(("/b", "/r:repeat", "/r/x"), ("/a",))
    first = make_segment(warehouse, old, [Sent("uuid:1", "<a>1</a>", 1)])
    second = make_segment(warehouse, new, [Sent("uuid:2", "<b>2</b><r><x>3</x></r>", 2)], number=2)
    blocks = CsvBlocks(warehouse.new_folder(), limit=0)
    rows = CsvRows(tables_of(warehouse, new, first, second, also=[old]), blocks, None)
    text = "".join(
        zlib.decompress(b"".join(made.block.read()) + END, -15).decode()
        for made in rows.blocks(select_tables(new, Switches(), {})[0], blocks.folder)
    )
    assert [line.split(",")[1:4] for line in text.splitlines()] == [["", "2", "uuid:2"], ["1", "", "uuid:1"]]


def test_split_questions_say_one_nought_or_nothing(warehouse: Warehouse) -> None:
    reader = Reader(warehouse, NEEDS)
    segment = make_segment(
        warehouse,
        NEEDS,
        [
            Sent("uuid:1", "<needs>water  food</needs><who><can>read</can></who>", 1),
            Sent("uuid:2", "<needs>o'il\n</needs>", 2),
            Sent("uuid:3", "", 3),
        ],
    )
    texts = reader.texts(segment, switches=Switches(is_split=True))
    found = [row[1:5] for row in csv.reader(StringIO(texts[""], newline=""))]
    assert found == [["", "", "", ""], ["o'il\n", "0", "0", "1"], ["water  food", "1", "1", "0"]]
    assert texts["/who"] == "read,0,0,1,uuid:1,uuid:1/who[1]\n"


def test_files_are_listed_in_page_order(warehouse: Warehouse) -> None:
    reader = Reader(warehouse)
    sent = [Sent(f"uuid:{n}", "", n, files=(("b.jpg", "0" * 64, 1), ("a.jpg", f"{n}" * 64, 2))) for n in (1, 2)]
    segment = make_segment(warehouse, VISIT, [*sent, Sent("uuid:3", "", 3)])
    listed = [(key, file.name, file.blob_id[0], file.size) for key, file in reader.rows(segment).files()]
    assert listed == [
        ("uuid:2", "b.jpg", "0", 1),
        ("uuid:2", "a.jpg", "2", 2),
        ("uuid:1", "b.jpg", "0", 1),
        ("uuid:1", "a.jpg", "1", 2),
    ]


def test_counts_for_the_notes_come_from_the_server_columns(warehouse: Warehouse) -> None:
    servers = [
        {"_has_conflict": True, "_waits": True, "_flags": ["form_closed", "other"]},
        {"_is_sealed": True, "_sealed_files": 3},
        {"_is_sealed": False, "_sealed_files": 9, "_flags": ["other"]},
        {},
    ]
    sent = [Sent(f"uuid:{n}", "<stranger>x</stranger>" * 2, n, server=server) for n, server in enumerate(servers)]
    first = make_segment(warehouse, VISIT, sent[:2])
    second = make_segment(warehouse, VISIT, sent[2:], number=2)
    counts = Reader(warehouse).rows(first, second).counts()
    assert counts == ExportCounts(4, 1, 1, 1, 1, 3, unplaced_answers=8, unplaced_submissions=4)


@pytest.fixture
def large(warehouse: Warehouse) -> Callable[..., Segment]:
    def make(number: int = 1, deleted: tuple[int, ...] = ()) -> Segment:
        sent = [Sent(f"uuid:{n:05}", f"<place>P{n}</place>", number * 10) for n in range(csv_rows.LEAST_KEPT_ROWS + 2)]
        return make_segment(warehouse, VISIT, sent, number=number, deleted=deleted)

    return make


def test_block_of_a_large_cluster_is_kept_and_used_again(
    warehouse: Warehouse, large: Callable[..., Segment], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, segment = Reader(warehouse), large()
    first = reader.texts(segment)
    (kept,) = reader.blocks.folder.iterdir()

    def never(*_: object) -> None:
        raise AssertionError("made again")

    monkeypatch.setattr(csv_rows._MakeText, "__call__", never)
    assert reader.texts(segment)[""] == first[""]
    assert list(reader.blocks.folder.iterdir()) == [kept]


def test_other_rows_or_columns_make_another_block(warehouse: Warehouse, large: Callable[..., Segment]) -> None:
    reader = Reader(warehouse)
    segment = large()
    reader.texts(segment)
    assert len(list(reader.blocks.folder.iterdir())) == 1
    less = replace(segment, deleted=(0,), live={"": segment.submissions - 1})
    assert len(reader.texts(less)[""].splitlines()) == csv_rows.LEAST_KEPT_ROWS + 1
    assert len(list(reader.blocks.folder.iterdir())) == 2
    reader.texts(segment, matches={segment.id: frozenset(range(segment.submissions))})
    assert len(list(reader.blocks.folder.iterdir())) == 2, "a filter that lets all through uses the block"
    reader.texts(segment, matches={segment.id: frozenset(range(segment.submissions - 1))})
    assert len(list(reader.blocks.folder.iterdir())) == 2, "what a filter cuts through is not kept"


def test_disk_that_is_full_is_an_os_error_and_leaves_nothing(
    warehouse: Warehouse, large: Callable[..., Segment], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(warehouse)

    def full(select: str) -> str:
        raise duckdb.IOException("Could not write file: No space left on device")

    monkeypatch.setattr(csv_rows.csv_sql, "copy", full)
    with pytest.raises(OSError, match="No space left"):
        reader.texts(large())
    assert list(reader.blocks.folder.iterdir()) == []
