"""Read one submission with the rows of all its repeats, by its place: only its own segment's files are opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync_server.store.segments import Place
from sync_server.warehouse.cells import plain_cells
from sync_server.warehouse.form_tables import FormTables
from sync_server.warehouse.query import fetch, zoned
from sync_server.warehouse.relation import rows_at

_ROOT_KEY = "_root"


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One row: the server's columns and the exact text of each answer, by their names in the files.

    `key` and `parent` are Central's KEY and PARENT_KEY; the root row's key is the submission's, its parent None.
    """

    table: str
    key: str
    parent: str | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SubmissionTables:
    """A submission's root row, and its rows by table, in the order of the form and of the answers."""

    root: StoredRow
    repeats: Mapping[str, tuple[StoredRow, ...]]

    def children(self, row: StoredRow) -> dict[str, tuple[StoredRow, ...]]:
        """The rows of the repeats directly inside a row, by table."""
        inside = {table: tuple(r for r in rows if r.parent == row.key) for table, rows in self.repeats.items()}
        return {table: rows for table, rows in inside.items() if rows}


def read_submission(tables: FormTables, place: Place) -> SubmissionTables | None:
    """Read the submission at a place of the same snapshot; None when it is not in the manifest any more."""
    if all(segment.id != place.segment_id for segment in tables.manifest.segments):
        return None
    repeats = {
        table.path: _read(tables, place, table.path)
        for table in tables.layout.tables
        if table.path and place.counts.get(table.path)
    }
    [root] = _read(tables, place, "")
    return SubmissionTables(root, repeats)


def read_aside(tables: FormTables, place: Place, table: str) -> tuple[Mapping[str, Any], ...]:
    """Read the submission's rows of a pseudo table: its files, or the answers without a column."""
    return tuple(row.values for row in _read(tables, place, table)) if place.counts.get(table) else ()


def _read(tables: FormTables, place: Place, table: str) -> tuple[StoredRow, ...]:
    cells = plain_cells(tables, table)
    [segment] = [segment for segment in tables.manifest.segments if segment.id == place.segment_id]
    rows = fetch(tables, rows_at(tables, segment, table, cells, place.row))
    names, with_zone = [cell.name for cell in cells], zoned(cells)
    found = (_row(table, names, with_zone(row)) for row in rows)
    return tuple(sorted(found, key=lambda row: int(row.values["_ordinal"])))


def _row(table: str, names: Sequence[str], row: Sequence[Any]) -> StoredRow:
    values = dict(zip(names, row, strict=True))
    return StoredRow(table, values.get("_key") or values[_ROOT_KEY], values.get("_parent"), values)
