"""Columns as a query names them: by their name in the files, or by their OData path, with the type they have.

A question that was retyped is read by the type it has now; its text is always there beside it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sync_server.core.odata_filter import Property
from sync_server.core.table_layout import TYPED, Column
from sync_server.errors import FilterFieldUnknown
from sync_server.warehouse.form_tables import FormTables
from sync_server.warehouse.table_columns import EVERY_TABLE, server_columns

_KINDS = {
    "VARCHAR": "text", "INTEGER": "int", "BIGINT": "int", "TIMESTAMP": "datetime", "BOOLEAN": "boolean",
    "VARCHAR[]": "texts",
}  # fmt: skip

# Times of the node's own zone; all others are UTC.
LOCAL = frozenset(("_received_local", "_last_received_local"))

SYSTEM = {
    "submissionDate": "_received", "updatedAt": "_updated", "submitterId": "_submitter_id",
    "submitterName": "_submitter_name", "attachmentsPresent": "_attachments_present",
    "attachmentsExpected": "_attachments_expected", "status": "_status", "reviewState": "_review_state",
    "deviceId": "_device_id", "edits": "_edits", "formVersion": "_form_version", "hasConflict": "_has_conflict",
    "isSealed": "_is_sealed", "isComplete": "_is_complete", "deletedAt": "",
}  # fmt: skip
_IDS = frozenset((("__id",), ("__Submissions-id",)))


@dataclass(frozen=True, slots=True)
class Cell:
    """A column of a query's relation.

    `kind` is text, int, decimal, boolean, date, datetime, time, or texts (a list); `text` names the column of the exact
    text a typed column is made from. A column of the root table beside rows of a repeat is called by an alias.
    Without a name it is always null.
    """

    name: str
    kind: str
    text: str | None = None
    is_of_root: bool = False

    @property
    def alias(self) -> str:
        return f"$root{self.name}" if self.is_of_root else self.name or "$null"


def server_cells(table: str) -> tuple[Cell, ...]:
    """The server's own columns of a table, the keys of page order first."""
    return tuple(Cell(name, _KINDS[sql_type]) for name, sql_type in server_columns(table).items())


def all_cells(tables: FormTables, table: str) -> Iterator[Cell]:
    """Every column of a table: the server's, and each answer as text and in every type it ever had."""
    yield from server_cells(table)
    for column in tables.columns(table):
        yield Cell(column.name, "text")
        yield from (Cell(name, kind, column.name) for kind, name in column.typed.items())


def plain_cells(tables: FormTables, table: str) -> tuple[Cell, ...]:
    """The server's columns and the exact text of every answer."""
    return (*server_cells(table), *(Cell(column.name, "text") for column in tables.columns(table)))


def cells_named(tables: FormTables, table: str, names: Sequence[str] | None) -> tuple[Cell, ...]:
    """The columns of these names in the files; None stands for `plain_cells`."""
    if names is None:
        return plain_cells(tables, table)
    known = {cell.name: cell for cell in all_cells(tables, table)}
    return tuple(known[name] for name in names)


def cell_of(tables: FormTables, table: str, wanted: Property) -> Cell:
    """Find the column an OData path names, in the type the question has now; raise FilterFieldUnknown.

    A repeat's own answers are named from the repeat on; the submission's by `$root/Submissions/`, which metadata may
    lack.
    """
    if wanted.path[0] == "__system" and len(wanted.path) == 2 and wanted.path[1] in SYSTEM:
        return _server_cell(SYSTEM[wanted.path[1]], is_of_root=table != "")
    if wanted.path in _IDS and (table == "" or wanted.is_of_root or wanted.path != ("__id",)):
        return _server_cell("_root", is_of_root=False)
    home = "" if wanted.is_of_root else table
    for is_wanted in (_is_exactly, _is_sanitised):
        for column in tables.columns(home):
            if is_wanted(column, home, wanted.path):
                return _typed(column, is_of_root=home != table)
    raise FilterFieldUnknown(field=str(wanted), allowed=", ".join(f"__system/{name}" for name in SYSTEM))


def _server_cell(name: str, *, is_of_root: bool) -> Cell:
    kind = _KINDS[server_columns("").get(name, "TIMESTAMP")]
    return Cell(name, kind, is_of_root=is_of_root and name not in ("", *EVERY_TABLE))


def _is_exactly(column: Column, table: str, path: tuple[str, ...]) -> bool:
    return _path_of(column, table) == path


def _is_sanitised(column: Column, table: str, path: tuple[str, ...]) -> bool:
    """OData has fewer letters than XML: Central writes the others as underscores."""
    return tuple(map(sanitised, _path_of(column, table))) == path


def _path_of(column: Column, table: str) -> tuple[str, ...]:
    names = tuple(column.path[len(table) + 1 :].split("/"))
    return (*names, column.part) if column.part else names


def sanitised(name: str) -> str:
    """Write a name as OData allows it."""
    return re.sub(r"[^a-zA-Z0-9_]+", "_", re.sub(r"^([^a-zA-Z_])", r"_\1", name))


def _typed(column: Column, *, is_of_root: bool) -> Cell:
    kind = "decimal" if column.part else TYPED.get(column.types[0] if column.types else "", "text")
    name = column.typed.get(kind)
    if name is None:
        return Cell(column.name, "text", is_of_root=is_of_root)
    return Cell(name, kind, column.name, is_of_root=is_of_root)
