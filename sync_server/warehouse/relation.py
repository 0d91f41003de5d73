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

SEGMENT, PLACE = "$segment", "$place"
PAGE_ORDER = '"_received" DESC, "_root" DESC, "_ordinal"'


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL and the values of its question marks, in order."""

    text: str
    values: tuple[Any, ...] = ()


def relation(tables: FormTables, segments: Iterable[Segment], table: str, cells: Sequence[Cell]) -> Sql:
    """SELECT these columns of all rows of a table that stand in these segments, which must have some.

    A single segment's rows come in page order unless columns of the root table are among them; those of several
    segments in none. Beside the columns each row tells the number of its segment.
    """
    groups = _alike(segments)
    own = [cell for cell in cells if not cell.is_of_root]
    rows = _united([_rows(tables, group, table, own) for group in groups])
    if len(own) == len(cells):
        return rows
    root_cells = [cell for cell in cells if cell.is_of_root]
    return _joined(rows, _united([_rows(tables, group, "", root_cells) for group in groups]), cells)


def rows_at(tables: FormTables, segment: Segment, table: str, cells: Sequence[Cell], row: int) -> Sql:
    """SELECT these columns of what one submission, which stands in this segment, has in a table of it.

    Without the number of the segment and delete vectors it is planned and read in three quarters of the time.
    """
    text = f'SELECT {_chosen(tables, segment, table, cells)} FROM read_parquet(?) WHERE "_row" = ?'  # noqa: S608
    return Sql(text, (str(tables.warehouse.path(segment.files[table].blob_id)), row))


_Numbered = tuple[int, Segment]


def _alike(segments: Iterable[Segment]) -> list[list[_Numbered]]:
    """Put together what one scan can read. A scan for each file would take memory for all of them at once."""
    found: dict[tuple[str, bool], list[_Numbered]] = {}
    for number, segment in enumerate(segments):
        found.setdefault((segment.layout_id, bool(segment.deleted)), []).append((number, segment))
    return list(found.values())


def names_of(cells: Iterable[Cell]) -> str:
    return ", ".join(quoted(cell.alias) for cell in cells)


def _united(parts: Sequence[Sql]) -> Sql:
    return Sql("\nUNION ALL\n".join(part.text for part in parts), tuple(v for part in parts for v in part.values))


def _joined(rows: Sql, roots: Sql, cells: Sequence[Cell]) -> Sql:
    chosen = ", ".join(f"{'root' if cell.is_of_root else 'own'}.{quoted(cell.alias)}" for cell in cells)
    same = f'own."{SEGMENT}" = root."{SEGMENT}" AND own."{PLACE}" = root."{PLACE}"'
    text = f"SELECT {chosen}, own.{quoted(SEGMENT)} FROM ({rows.text}) AS own JOIN ({roots.text}) AS root ON {same}"  # noqa: S608
    return Sql(text, (*rows.values, *roots.values))


def _rows(tables: FormTables, group: Sequence[_Numbered], table: str, cells: Sequence[Cell]) -> Sql:
    """SELECT from the files of segments that have the same columns, and either all or none a delete vector."""
    chosen = _chosen(tables, group[0][1], table, cells)
    place = f'{_OF_FILE.format("INTEGER")} AS "{SEGMENT}", "_row" AS "{PLACE}"'
    paths = [str(tables.warehouse.path(segment.files[table].blob_id)) for _, segment in group]
    text = f"SELECT {chosen}, {place} FROM read_parquet(?::VARCHAR[])"  # noqa: S608 names quoted, values bound
    values = ([number for number, _ in group], paths)
    if not group[0][1].deleted:
        return Sql(text, values)
    standing = f'get_bit({_OF_FILE.format("BIT")}, "_row") = 0'
    return Sql(f"{text} WHERE {standing}", (*values, [_bits(segment) for _, segment in group]))


def _chosen(tables: FormTables, segment: Segment, table: str, cells: Sequence[Cell]) -> str:
    contents = tables.contents(segment, table)
    return ", ".join(f"{_value(cell, contents)} AS {quoted(cell.alias)}" for cell in cells)


# The element of a list that belongs to the file a row comes from.
_OF_FILE = "(?::{}[])[file_index::BIGINT + 1]"


def _bits(segment: Segment) -> str:
    """A bit for every submission of the segment: as fast with thousands of deletions as with one."""
    bits = bytearray(b"0" * (max(segment.submissions, segment.deleted[-1]) + 1))
    for row in segment.deleted:
        bits[row] = ord("1")
    return bits.decode()


def _value(cell: Cell, contents: StoredTable) -> str:
    if not cell.name:
        return "NULL::TIMESTAMP"
    if cell.name.startswith("_"):  # the server's own; those of answers begin with a slash
        return quoted(cell.name)
    typed = contents.get(cell.text or cell.name)
    if typed is None:
        return f"NULL::{SQL_TYPES.get(cell.kind, 'VARCHAR')}"
    if cell.text is None or cell.name in typed.values():
        return quoted(cell.name)
    return typed_sql(cell.kind, quoted(cell.text))
