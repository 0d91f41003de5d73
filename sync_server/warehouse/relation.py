"""The rows of a table as one SELECT over the files of some segments.

Rows in delete vectors are left out, and the columns are those of the current layout whatever the files have: a column
that is not in a file is null there, a type it did not have then is made from the text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sync_server.core.table_layout import StoredTable
from sync_server.store.segments import Segment
from sync_server.warehouse.cells import Cell
from sync_server.warehouse.form_tables import FormTables
from sync_server.warehouse.table_columns import SQL_TYPES, quoted, typed_sql

PAGE_ORDER = '"_received" DESC, "_root" DESC, "_ordinal"'


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL and the values of its question marks, in order."""

    text: str
    values: tuple[Any, ...] = ()


def relation(tables: FormTables, segments: Iterable[Segment], table: str, cells: Sequence[Cell]) -> Sql:
    """SELECT these columns of all rows of a table that stand in these segments, which must have some.

    A single segment's rows come in page order; those of several one segment after the other.
    """
    parts = [_rows(tables, segment, table, cells) for segment in segments]
    return Sql("\nUNION ALL\n".join(part.text for part in parts), tuple(v for part in parts for v in part.values))


def _rows(tables: FormTables, segment: Segment, table: str, cells: Sequence[Cell]) -> Sql:
    has_root = any(cell.is_of_root for cell in cells)
    own, root = tables.contents(segment, table), tables.contents(segment, "")
    chosen = ", ".join(_chosen(cell, root if cell.is_of_root else own) for cell in cells)
    source, values = _source(tables, segment, ["", table] if has_root else [table])
    standing = _standing(segment)
    where = f" WHERE {standing.text}" if standing.text else ""
    return Sql(f"SELECT {chosen} FROM {source}{where}", (*values, *standing.values))  # noqa: S608


def _source(tables: FormTables, segment: Segment, paths: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    files = tuple(str(tables.warehouse.path(segment.files[path].blob_id)) for path in paths)
    if len(paths) == 1:
        return "read_parquet(?) AS own", files
    return 'read_parquet(?) AS root JOIN read_parquet(?) AS own ON own."_row" = root."_row"', files


def _standing(segment: Segment) -> Sql:
    """A bit for every submission of the segment: as fast with thousands of deletions as with one."""
    if not segment.deleted:
        return Sql("")
    bits = bytearray(b"0" * (max(segment.submissions, segment.deleted[-1]) + 1))
    for row in segment.deleted:
        bits[row] = ord("1")
    return Sql('get_bit(?::BIT, own."_row") = 0', (bits.decode(),))


def _chosen(cell: Cell, contents: StoredTable) -> str:
    source = f"{'root' if cell.is_of_root else 'own'}."
    return f"{_value(cell, contents, source)} AS {quoted(cell.alias)}"


def _value(cell: Cell, contents: StoredTable, source: str) -> str:
    if not cell.name:
        return "NULL::TIMESTAMP"
    if cell.name.startswith("_"):  # the server's own; those of answers begin with a slash
        return source + quoted(cell.name)
    typed = contents.get(cell.text or cell.name)
    if typed is None:
        return f"NULL::{SQL_TYPES.get(cell.kind, 'VARCHAR')}"
    if cell.text is None or cell.name in typed.values():
        return source + quoted(cell.name)
    return typed_sql(cell.kind, source + quoted(cell.text))
