"""Choose and name the columns of the CSV tables: ODK Central's switches for an export.

Without switches the columns are those of core/table_schema.py. Names stay unique under every switch: Central repeats
a header when two groups have a question of one name, and readers by name then lose one of the two.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sync_server.core.table_layout import Column, FormLayout, TableLayout
from sync_server.core.table_schema import FIRST_COLUMNS, LAST_COLUMNS, REPEAT_COLUMNS, unique_headers

SeenChoices = Mapping[tuple[str, str], Sequence[str]]
"""The choices found in the answers, by table and column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """What Central calls attachments, groupPaths, splitSelectMultiples and deletedFields."""

    has_media: bool = True
    has_group_paths: bool = True
    is_split: bool = False
    has_deleted_fields: bool = True


@dataclass(frozen=True, slots=True)
class CsvColumn:
    """One column: `name` is that in the warehouse, or "" for one of the server's own, which go by their header.

    With a `choice` it says 1 where that choice of the question was taken, 0 where not, nothing where not answered.
    """

    header: str
    name: str = ""
    choice: str | None = None


@dataclass(frozen=True, slots=True)
class CsvTable:
    """One CSV; `path` and `name` are those of its table."""

    path: str
    name: str
    columns: tuple[CsvColumn, ...]

    @property
    def header(self) -> tuple[str, ...]:
        return tuple(column.header for column in self.columns)


def select_tables(layout: FormLayout, switches: Switches, seen: SeenChoices) -> tuple[CsvTable, ...]:
    """Lay out the tables of an export; the root is the first of them always."""
    wanted = (table for table in layout.tables if _is_wanted(layout, table, switches))
    return tuple(_table(table, switches, seen) for table in wanted)


def split_columns(layout: FormLayout, switches: Switches) -> Iterator[tuple[str, Column]]:
    """The questions, with their table, that this export splits by choice."""
    if not switches.is_split:
        return
    for table in layout.tables:
        yield from ((table.path, c) for c in _chosen(table, switches) if c.is_select_multiple)


def _is_wanted(layout: FormLayout, table: TableLayout, switches: Switches) -> bool:
    if switches.has_deleted_fields or not table.path:
        return True
    inside = (t for t in layout.tables if t.path == table.path or t.path.startswith(f"{table.path}/"))
    return any(column.is_current for t in inside for column in t.columns)


def _table(table: TableLayout, switches: Switches, seen: SeenChoices) -> CsvTable:
    own = LAST_COLUMNS if not table.path else REPEAT_COLUMNS
    first = FIRST_COLUMNS if not table.path else ()
    answers = [column for chosen in _chosen(table, switches) for column in _columns(table, chosen, switches, seen)]
    headers = unique_headers((*first, *(column.header for column in answers)), own)[len(first) :]
    named = (CsvColumn(header, c.name, c.choice) for header, c in zip(headers, answers, strict=True))
    return CsvTable(table.path, table.name, (*map(CsvColumn, first), *named, *map(CsvColumn, own)))


def _chosen(table: TableLayout, switches: Switches) -> list[Column]:
    return [column for column in table.columns if column.is_current or switches.has_deleted_fields]


def _columns(table: TableLayout, column: Column, switches: Switches, seen: SeenChoices) -> Iterator[CsvColumn]:
    header = column.header if switches.has_group_paths else _last_name(column)
    yield CsvColumn(header, column.name)
    if switches.is_split and column.is_select_multiple:
        # The form's order first; then what no version of the form offers, as Central sorts all of them.
        others = sorted(set(seen.get((table.path, column.name), ())) - set(column.choices))
        yield from (CsvColumn(f"{header}/{choice}", column.name, choice) for choice in (*column.choices, *others))


def _last_name(column: Column) -> str:
    name = column.path.rpartition("/")[2]
    return f"{name}-{column.part.capitalize()}" if column.part else name
