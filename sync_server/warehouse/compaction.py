"""Write the standing rows of several segments as one, or as a few of full size: in DuckDB alone, file to file."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sync_server.core.page_order import Key, cut
from sync_server.core.table_layout import StoredLayout
from sync_server.store.segment_writes import WrittenSegment
from sync_server.store.segments import Place, Segment, SegmentFile
from sync_server.warehouse.segment_file import write_file
from sync_server.warehouse.table_columns import quoted, server_columns
from sync_server.warehouse.unified import unified_columns
from sync_server.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_GONE = "CREATE TEMP TABLE gone (segment BIGINT, row INTEGER)"
_ADD_GONE = "INSERT INTO gone SELECT $1, unnest($2::INTEGER[])"
_MOVED = """
    CREATE TEMP TABLE moved AS
    SELECT row_number() OVER (ORDER BY received DESC, root DESC) - 1 AS number, * FROM ({roots}) AS source
    WHERE NOT EXISTS (SELECT 1 FROM gone WHERE gone.segment = source.segment AND gone.row = source.old_row)
"""


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
        self._number()
        known = {(place.segment_id, place.row): place for place in places}
        moved = self.cursor.execute("SELECT segment, old_row, received FROM moved ORDER BY number").fetchall()
        start = 0
        for count in cut(len(moved)):
            part = [(known[segment, row], received) for segment, row, received in moved[start : start + count]]
            yield self._segment(part, start)
            start += count

    def _number(self) -> None:
        """Work out where each submission that stands comes to lie."""
        self.cursor.execute(_GONE)
        for segment in self.inputs:
            self.cursor.execute(
                "INSERT INTO gone SELECT $1, unnest($2::INTEGER[])", [segment.id, list(segment.deleted)]
            )
        roots = " UNION ALL ".join(
            f"SELECT {segment.id} AS segment, _row AS old_row, _received AS received, _root AS root "  # noqa: S608
            f"FROM {self._file(segment, '')}"
            for segment in self.inputs
        )
        self.cursor.execute(_MOVED.format(roots=roots))

    def _segment(self, part: Sequence[tuple[Place, datetime]], start: int) -> WrittenSegment:
        tables = sorted({table for place, _ in part for table, count in place.counts.items() if count})
        files = {table: self._write(table, start, start + len(part)) for table in tables}
        return WrittenSegment(
            layout=self.target,
            first=_key(part[0]),
            last=_key(part[-1]),
            files=files,
            counts=[(place.root_id, place.counts) for place, _ in part],
            has_strangers=any(segment.has_strangers for segment in self.inputs),
        )

    def _write(self, table: str, start: int, end: int) -> SegmentFile:
        want = self.target.tables.get(table, {})
        sources = " UNION ALL ".join(
            f"SELECT {segment.id} AS segment, {', '.join(self._columns(segment, table))} "  # noqa: S608
            f"FROM {self._file(segment, table)}"
            for segment in self.inputs
            if table in segment.files
        )
        names = [name for name in server_columns(table) if name != "_row"]
        names += [column for name, typed in want.items() for column in (name, *typed.values())]
        columns = ", ".join(f"old.{quoted(name)}" for name in names)
        select = (
            f"SELECT (number - {start})::INTEGER AS _row, {columns} "  # noqa: S608 quoted names and numbers only
            f"FROM ({sources}) AS old JOIN moved ON moved.segment = old.segment AND moved.old_row = old._row "
            f"WHERE number >= {start} AND number < {end} ORDER BY number, _ordinal"
        )
        return write_file(self.warehouse, self.cursor, select, {}, folder=self.folder)

    def _columns(self, segment: Segment, table: str) -> Iterator[str]:
        have = self.layouts[segment.layout_id].tables.get(table, {})
        return unified_columns(table, have, self.target.tables.get(table, {}))

    def _file(self, segment: Segment, table: str) -> str:
        path = str(self.warehouse.path(segment.files[table].blob_id)).replace("'", "''")
        return f"read_parquet('{path}')"


def _key(item: tuple[Place, datetime]) -> Key:
    place, received = item
    return received.replace(tzinfo=UTC), place.root_id
