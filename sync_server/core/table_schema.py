"""Lay out the tables of a form: one root table, one per repeat, the same columns for every version of the form.

ODK Central's layout (which is Briefcase's), with one difference: the columns are the union over all versions, because
an answer to a question that was removed is still an answer. The latest version gives the order; a question that only
older versions have stands after the question it used to follow.

A place in the form that changed its kind keeps a column for each kind, so no version needs to be known to read a
submission: a group that was once a question has that question's column too; a point that was once a text has the
plain column beside the four of a point; what repeats in any version has a table of its own for all versions.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sync_server.core.xform import Field

FIRST_COLUMNS = ("SubmissionDate",)
LAST_COLUMNS = (
    "KEY",
    "SubmitterID",
    "SubmitterName",
    "AttachmentsPresent",
    "AttachmentsExpected",
    "Status",
    "ReviewState",
    "DeviceID",
    "Edits",
    "FormVersion",
)
REPEAT_COLUMNS = ("PARENT_KEY", "KEY")
POINT_PARTS = ("Latitude", "Longitude", "Altitude", "Accuracy")


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the form and where its content goes: a cell, four cells, a table, or only deeper."""

    name: str
    path: str
    column: int | None = None
    point: int | None = None
    table: int | None = None
    children: Mapping[str, "Node"] = field(default_factory=dict)
    is_plain: bool = False  # a question that was never anything else


@dataclass(frozen=True, slots=True)
class Table:
    """One CSV: `name` is "" for the root and the repeat's own name otherwise, "~2" added when two are called alike."""

    name: str
    path: str
    header: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableSchema:
    """All tables of a form, the root table first, repeats as the form has them (outer before inner)."""

    tables: tuple[Table, ...]
    root: Node


def build_table_schema(versions: Sequence[Iterable[Field]]) -> TableSchema:
    """Lay out the tables of a form from the fields of its versions, the latest first."""
    union = _Draft("", "", is_repeat=True)
    for fields in versions:
        _add_version(union, fields)
    return _Layout().lay_out(union)


@dataclass(slots=True)
class _Draft:
    """A node while versions are still being added."""

    name: str
    path: str
    is_repeat: bool = False
    is_point: bool = False
    is_plain: bool = False
    children: list["_Draft"] = field(default_factory=list)

    def find(self, name: str) -> "_Draft | None":
        return next((child for child in self.children if child.name == name), None)


def _add_version(union: _Draft, fields: Iterable[Field]) -> None:
    latest_below: dict[str, _Draft] = {}
    for item in fields:
        parent = _parent_of(union, item.path)
        draft = parent.find(item.name)
        if draft is None:
            draft = _Draft(item.name, item.path)
            before = latest_below.get(parent.path)
            parent.children.insert(parent.children.index(before) + 1 if before else 0, draft)
        latest_below[parent.path] = draft
        draft.is_repeat |= item.type == "repeat"
        draft.is_point |= item.type == "geopoint"
        draft.is_plain |= item.type not in ("repeat", "structure", "geopoint")


def _parent_of(union: _Draft, path: str) -> _Draft:
    parent = union
    for name in path.split("/")[1:-1]:
        found = parent.find(name)
        if found is None:
            found = _Draft(name, f"{parent.path}/{name}")
            parent.children.append(found)
        parent = found
    return parent


@dataclass(slots=True)
class _Layout:
    """Hand out tables and columns in document order."""

    paths: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    columns: list[list[str]] = field(default_factory=list)

    def lay_out(self, union: _Draft) -> TableSchema:
        root = self._table(union)
        tables = (
            Table(name, path, _header(columns, is_root=index == 0))
            for index, (name, path, columns) in enumerate(
                zip(_unique_names(self.names), self.paths, self.columns, strict=True)
            )
        )
        return TableSchema(tuple(tables), root)

    def _table(self, draft: _Draft, column: int | None = None, point: int | None = None) -> Node:
        index = len(self.paths)
        self.paths.append(draft.path)
        self.names.append(draft.name)
        self.columns.append(list(FIRST_COLUMNS) if index == 0 else [])
        children = {child.name: self._node(child, index) for child in draft.children}
        return Node(draft.name, draft.path, column, point, index, children)

    def _node(self, draft: _Draft, table: int) -> Node:
        base = draft.path[len(self.paths[table]) + 1 :].replace("/", "-")
        column = self._add(table, (base,)) if draft.is_plain else None
        point = self._add(table, tuple(f"{base}-{part}" for part in POINT_PARTS)) if draft.is_point else None
        if draft.is_repeat:
            return self._table(draft, column, point)
        children = {child.name: self._node(child, table) for child in draft.children}
        is_plain = column is not None and point is None and not children
        return Node(draft.name, draft.path, column, point, None, children, is_plain)

    def _add(self, table: int, names: tuple[str, ...]) -> int:
        self.columns[table].extend(names)
        return len(self.columns[table]) - len(names)


def _header(columns: list[str], *, is_root: bool) -> tuple[str, ...]:
    own = LAST_COLUMNS if is_root else REPEAT_COLUMNS
    return (*unique_headers(columns, own), *own)


def unique_headers(names: Iterable[str], own: Iterable[str]) -> list[str]:
    """Name the columns so that no two are called alike; the server's own keep their names.

    Central repeats a header when `/a-b` stands beside `/a/b`, or when a question is called KEY, and readers by name
    then lose one of the two.
    """
    taken = set(own)
    unique: list[str] = []
    for name in names:
        unique.append(next(free for free in _variants(name) if free not in taken))
        taken.add(unique[-1])
    return unique


def _variants(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}~{number}"
        number += 1


def _unique_names(names: list[str]) -> list[str]:
    """Number repeats that are called alike (~1, ~2) as Central does, also when only the case differs (Windows)."""
    totals = Counter(name.casefold() for name in names)
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        seen[name.casefold()] += 1
        unique.append(f"{name}~{seen[name.casefold()]}" if totals[name.casefold()] > 1 else name)
    return unique
