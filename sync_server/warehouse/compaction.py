"""Write the standing rows of several segments as one, or as a few of full size: in DuckDB alone, file to file."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sync_server.core.page_order import Key, cut
from sync_server.core.table_layout import StoredLayout, StoredTable
from sync_server.store.segment_writes import WrittenSegment
from sync_server.store.segments import Place, Segment, SegmentFile
from sync_server.warehouse.segment_file import write_file
from sync_server.warehouse.table_columns import quoted, server_columns
from sync_server.warehouse.unified import unified_columns
from sync_server.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STRIPE_ROWS = 8192  # sorting 100,000 wide rows at once took more memory than DuckDB is given,
STRIPE_FILES = 16  # and so did having 100 files of 80 columns open

_NEW = "CREATE TEMP TABLE moved (segment BIGINT, old_row INTEGER, root VARCHAR, received TIMESTAMP)"
_GONE = "CREATE TEMP TABLE gone (segment BIGINT, row INTEGER)"
_ADD_GONE = "INSERT INTO gone SELECT $segment, unnest($rows::INTEGER[])"
_ADD = """
    INSERT INTO moved SELECT $segment, _row, _root, _received FROM read_parquet($path) AS source
    WHERE NOT EXISTS (SELECT 1 FROM gone WHERE gone.segment = $segment AND gone.row = source._row)
"""
_NUMBER = """
    CREATE TEMP TABLE numbered AS
    SELECT row_number() OVER (ORDER BY received DESC, root DESC) - 1 AS number, segment, old_row, received FROM moved
"""


@dataclass(frozen=True, slots=True)
class _Moved:
    """A submission that stands: where it was, and so where it comes to lie."""

    place: Place
    received: datetime

    @property
    def key(self) -> Key:
        return self.received.replace(tzinfo=UTC), self.place.root_id


def compact_segments(
    warehouse: Warehouse,
    inputs: Sequence[Segment],
    layouts: Mapping[str, StoredLayout],
    target: StoredLayout,
    places: Sequence[Place],
) -> list[WrittenSegment]:
    """Write new segments with the rows that stand in `inputs`; `places` are all of theirs."""
    folder = warehouse.new_folder()
    try:
        with warehouse.cursor() as cursor:
            return list(_Compaction(warehouse, cursor, inputs, layouts, target, folder).write(places))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(slots=True)
class _Compaction:
    warehouse: Warehouse
    cursor: "DuckDBPyConnection"
    inputs: Sequence[Segment]
    layouts: Mapping[str, StoredLayout]
    target: StoredLayout
    folder: Path

    def write(self, places: Sequence[Place]) -> Iterator[WrittenSegment]:
        known = {(place.segment_id, place.row): place for place in places}
        moved = [_Moved(known[segment, row], received) for segment, row, received in self._number()]
        start = 0
        for count in cut(len(moved)):
            yield self._segment(moved[start : start + count], start)
            start += count

    def _number(self) -> list[tuple[int, int, datetime]]:
        """Work out which submissions stand and in which order."""
        self.cursor.execute(_NEW)
        self.cursor.execute(_GONE)
        for segment in self.inputs:
            self.cursor.execute(_ADD_GONE, {"segment": segment.id, "rows": list(segment.deleted)})
            self.cursor.execute(_ADD, {"segment": segment.id, "path": self._path(segment, "")})
        self.cursor.execute(_NUMBER)
        return self.cursor.execute("SELECT segment, old_row, received FROM numbered ORDER BY number").fetchall()

    def _segment(self, moved: Sequence[_Moved], start: int) -> WrittenSegment:
        tables = sorted({table for each in moved for table, count in each.place.counts.items() if count})
        return WrittenSegment(
            layout=self.target,
            first=moved[0].key,
            last=moved[-1].key,
            files={table: self._write(table, moved, start) for table in tables},
            counts=[(each.place.root_id, each.place.counts) for each in moved],
            has_strangers=any(segment.has_strangers for segment in self.inputs),
        )

    def _write(self, table: str, moved: Sequence[_Moved], start: int) -> SegmentFile:
        """Sort stripe by stripe, then put the stripes together."""
        stripes = list(_stripes(table, moved))
        paths: list[str] = []
        for first, last in stripes:
            paths.append(str(self.folder / f"stripe{len(paths)}.parquet"))
            values = {"first": start + first, "last": start + last, "start": start, "target": paths[-1]}
            select = self._stripe(table, moved[first : last + 1])
            self.cursor.execute(f"COPY ({select}) TO $target (FORMAT parquet, COMPRESSION lz4)", values)
        return write_file(
            self.warehouse, self.cursor, "SELECT * FROM read_parquet($paths)", {"paths": paths}, folder=self.folder
        )

    def _stripe(self, table: str, moved: Sequence[_Moved]) -> str:
        rows: dict[int, list[int]] = {}
        for each in moved:
            rows.setdefault(each.place.segment_id, []).append(each.place.row)
        sources = " UNION ALL ".join(
            self._source(segment, table, min(rows[segment.id]), max(rows[segment.id]))
            for segment in self.inputs
            if segment.id in rows and table in segment.files
        )
        names = [*server_columns(table)]
        names += [column for name, typed in self._wanted(table).items() for column in (name, *typed.values())]
        moved_row = "(number - $start)::INTEGER AS _row"
        columns = ", ".join(moved_row if name == "_row" else f"old.{quoted(name)}" for name in names)
        return (
            f"SELECT {columns} FROM ({sources}) AS old "  # noqa: S608 quoted names
            "JOIN numbered ON numbered.segment = old.segment AND numbered.old_row = old._row "
            "WHERE number >= $first AND number <= $last ORDER BY number, _ordinal"
        )

    def _source(self, segment: Segment, table: str, first: int, last: int) -> str:
        have = self.layouts[segment.layout_id].tables.get(table, {})
        columns = ", ".join(unified_columns(table, have, self._wanted(table)))
        path = self._path(segment, table).replace("'", "''")
        return (
            f"SELECT {segment.id} AS segment, {columns} FROM read_parquet('{path}') "  # noqa: S608 quoted names
            f"WHERE _row >= {first} AND _row <= {last}"
        )

    def _wanted(self, table: str) -> StoredTable:
        return self.target.tables.get(table, {})

    def _path(self, segment: Segment, table: str) -> str:
        return str(self.warehouse.path(segment.files[table].blob_id))


def _stripes(table: str, moved: Sequence[_Moved]) -> Iterator[tuple[int, int]]:
    """Cut into ranges of submissions (first, last) with about as many rows and files as are read at once."""
    first = rows = 0
    files: set[int] = set()
    for number, each in enumerate(moved):
        if rows >= STRIPE_ROWS or (len(files) >= STRIPE_FILES and each.place.segment_id not in files):
            yield first, number - 1
            first, rows, files = number, 0, set()
        count = each.place.counts.get(table, 0)
        rows += count
        if count:
            files.add(each.place.segment_id)
    if rows:
        yield first, len(moved) - 1
