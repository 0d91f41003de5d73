"""Lay out a form's tables in the warehouse: which columns, of which types, under which names in the files.

The tables and their order are those of core/table_schema.py. Beside each answer's exact text stands a typed column for
every type that any version declares, so a question that changed its type keeps all its answers and can still be
summed. Names in the files are the question's path: they do not depend on the other questions, so files of different
form versions are read together by name. Capitals are written ^a, because DuckDB and Spark compare names without case.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sync_server.core.ids import sha256_hex
from sync_server.core.table_schema import FIRST_COLUMNS, LAST_COLUMNS, REPEAT_COLUMNS, Node, TableSchema
from sync_server.core.table_schema import build_table_schema as build_schema
from sync_server.core.xform import Field, FormDefinition

FILES, UNPLACED = "#files", "#unplaced"

POINT_PARTS = ("latitude", "longitude", "altitude", "accuracy")
TYPED = {"int": "int", "decimal": "decimal", "date": "date", "dateTime": "datetime", "time": "time"} | {
    "boolean": "boolean"
}
_CAPITAL = re.compile("[A-Z]")
_NOT_A_CELL = frozenset(("repeat", "structure", "geopoint"))

StoredTable = Mapping[str, Mapping[str, str]]
"""The columns of one table as a segment has them: name → name of the typed column by type."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of answers: a question's, or one part of a point's.

    `header` is its name in a CSV, `name` that of the text in the files, `typed` those of the typed columns by type
    (int, decimal, date, datetime, time, boolean). `types` are those of all versions, the latest first.
    """

    path: str
    part: str | None
    header: str
    name: str
    types: tuple[str, ...]
    typed: Mapping[str, str]
    is_current: bool
    is_select_multiple: bool
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableLayout:
    """One table: `path` is "" for the root; `columns` hold answers only, in the order of the CSV."""

    path: str
    name: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class StoredLayout:
    """What a segment's files contain, by the path of the table."""

    tables: Mapping[str, StoredTable]

    @cached_property
    def id(self) -> str:
        return sha256_hex(json.dumps(self.to_json(), sort_keys=True, separators=(",", ":")).encode())

    def to_json(self) -> dict[str, Any]:
        return {path: {name: dict(typed) for name, typed in table.items()} for path, table in self.tables.items()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "StoredLayout":
        return cls(value)

    @cached_property
    def places(self) -> dict[str, frozenset[tuple[str, str]]]:
        """For every place in the form, where its answers lie: (table, column)."""
        found: dict[str, set[tuple[str, str]]] = {}
        for table, columns in self.tables.items():
            for name in columns:
                found.setdefault(name.partition("@")[0], set()).add((table, name))
        return {place: frozenset(columns) for place, columns in found.items()}

    def parent_of(self, table: str) -> str:
        """Path of the table around a repeat."""
        around = (path for path in self.tables if path == "" or table.startswith(path + "/"))
        return max((path for path in around if path != table), key=len, default="")


@dataclass(frozen=True)
class FormLayout:
    """All tables of a form over all its versions, the root first, outer repeats before inner."""

    tables: tuple[TableLayout, ...]
    schema: TableSchema

    @cached_property
    def stored(self) -> StoredLayout:
        """What a segment written now contains."""
        return StoredLayout({t.path: {c.name: dict(c.typed) for c in t.columns} for t in self.tables})

    @cached_property
    def id(self) -> str:
        return self.stored.id

    def table(self, path: str) -> TableLayout:
        return next(table for table in self.tables if table.path == path)


def build_layout(definitions: Sequence[FormDefinition]) -> FormLayout:
    """Lay out the tables of a form from its versions, the latest first."""
    schema = build_schema([definition.fields for definition in definitions])
    declared = _declared(definitions)
    latest = {f.path: f for f in definitions[0].fields} if definitions else {}
    columns: list[dict[int, Column]] = [{} for _ in schema.tables]
    for table, index, path, part in _cells(schema.root, 0):
        header = schema.tables[table].header[index]
        columns[table][index] = _column(path, part, header, declared.get(path, ()), latest.get(path))
    tables = (
        TableLayout(table.path, table.name, tuple(found[index] for index in sorted(found)))
        for table, found in zip(schema.tables, columns, strict=True)
    )
    return FormLayout(tuple(tables), schema)


def is_compatible(old: StoredLayout, new: StoredLayout) -> bool:
    """Tell whether files of the old layout can be read under the new one as if they had been written under it.

    They can when everything the old layout has a place for lies where it did: then new places are simply empty there.
    """
    if any(path not in new.tables or old.parent_of(path) != new.parent_of(path) for path in old.tables):
        return False
    repeats = (escaped(path) for path in old.tables if path)
    return all(old.places.get(place) == new.places.get(place) for place in (*old.places, *repeats))


def server_columns(table: str) -> tuple[int, int]:
    """How many columns of a CSV's header stand before and behind the answers."""
    return (len(FIRST_COLUMNS), len(LAST_COLUMNS)) if table == "" else (0, len(REPEAT_COLUMNS))


def escaped(path: str) -> str:
    """Write a path so that names which differ in case only differ without case too."""
    return _CAPITAL.sub(lambda match: "^" + match.group().lower(), path)


def _cells(node: Node, table: int) -> Iterator[tuple[int, int, str, str | None]]:
    """Every cell of the schema as (table, position, path, part of a point)."""
    for child in node.children.values():
        if child.column is not None:
            yield table, child.column, child.path, None
        if child.point is not None:
            for offset, part in enumerate(POINT_PARTS):
                yield table, child.point + offset, child.path, part
        yield from _cells(child, table if child.table is None else child.table)


def _declared(definitions: Iterable[FormDefinition]) -> dict[str, list[Field]]:
    found: dict[str, list[Field]] = {}
    for definition in definitions:
        for field in definition.fields:
            found.setdefault(field.path, []).append(field)
    return found


def _column(path: str, part: str | None, header: str, declared: Sequence[Field], latest: Field | None) -> Column:
    mine = [field for field in declared if _is_kind(field, part)]
    name = escaped(path) + (f"@{part}" if part else "")
    types = tuple(dict.fromkeys(field.type for field in mine))
    wanted = ["decimal"] if part else [TYPED[kind] for kind in types if kind in TYPED]
    return Column(
        path=path,
        part=part,
        header=header,
        name=name,
        types=types,
        typed={kind: f"{name}#{kind}" for kind in sorted(wanted)},
        is_current=latest is not None and _is_kind(latest, part),
        is_select_multiple=any(field.select_multiple for field in mine),
        choices=tuple(dict.fromkeys(choice for field in mine for choice in field.choices or ())),
    )


def _is_kind(field: Field, part: str | None) -> bool:
    return field.type == "geopoint" if part else field.type not in _NOT_A_CELL
