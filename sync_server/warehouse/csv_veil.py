"""What an export leaves out for whoever asked for it: rows out of scope, columns and files above their level.

A column that no row in sight may show is not in the export at all. Where some rows may show it and others not, its
cells are empty in the others. What is left out this way is worked out for each segment as masks, a bit for each
submission, so it costs nothing where nothing is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sync_server.core.odata_filter import And, Expression, Or
from sync_server.core.sensitivity import Level
from sync_server.core.sight import Sight
from sync_server.core.table_layout import Column, FormLayout, TableLayout
from sync_server.store.segments import Segment
from sync_server.warehouse.form_tables import FormTables
from sync_server.warehouse.query import KEYS, Selection, fetch
from sync_server.warehouse.row_scope import read_rows

Matches = Mapping[int, frozenset[int]]
"""Of every segment, by its id, the submissions (rows of the root table) that a filter lets through."""

_NUMBER = next(cell for cell in KEYS if cell.name == "_row")


def find_matches(selection: Selection) -> Matches:
    """Find the submissions that a selection of the root table lets through; nothing is read of clusters far off."""
    return {
        segment.id: frozenset(row for (row,) in fetch(selection.tables, selection.rows([segment], [_NUMBER])))
        for segment in selection.segments()
    }


@dataclass(frozen=True, slots=True)
class RowsShown:
    """Some rows (`where` None: all of them), and the level up to which they are shown."""

    where: Expression | None
    level: Level


def rows_shown(tables: FormTables, sight: Sight, *, now: datetime) -> tuple[RowsShown, ...]:
    """Read the parts of a sight for this form, without those that let nothing through."""
    found = [(part, None if part.rows is None else read_rows(tables, part.rows, now=now)) for part in sight.parts]
    return tuple(RowsShown(where, part.level) for part, where in found if part.rows is None or where is not None)


def joined(parts: Sequence[RowsShown], further: Expression | None) -> Expression | None:
    """Say in one filter which rows come out: those of some part that the reader's own filter lets through as well."""
    scopes = [part.where for part in parts if part.where is not None]
    has_all = len(scopes) < len(parts)
    scope = None if has_all else scopes[0] if len(scopes) == 1 else Or(tuple(scopes))
    terms = tuple(term for term in (scope, further) if term is not None)
    return And(terms) if len(terms) == 2 else terms[0] if terms else None


def narrowed(layout: FormLayout, sight: Sight, *, is_of_every_row: bool = False) -> FormLayout:
    """Leave out the columns that no row in sight may show, or, of every row, those that some row may not."""
    hides = sight.veils if is_of_every_row else sight.hides
    kept = (
        replace(table, columns=tuple(column for column in table.columns if not hides(column.path)))
        for table in layout.tables
        if not (table.path and hides(table.path))
    )
    before = {table.path: bool(table.columns) for table in layout.tables}
    return replace(layout, tables=tuple(t for t in kept if not t.path or t.columns or not before[t.path]))


@dataclass(frozen=True, slots=True)
class Veil:
    """What rows of these parts may show. `matches` of each level: the rows shown up to it or further; None: all."""

    sight: Sight
    layout: FormLayout
    matches: Mapping[Level, Matches | None]

    @property
    def hides_files(self) -> bool:
        """Tell whether there can be a file that some row in sight may not show."""
        return self.sight.others > self.sight.lowest

    def rows_at(self, level: Level, segment: Segment) -> frozenset[int] | None:
        """The submissions of a segment of which answers of this level are shown; None: all of them."""
        enough = [matches for known, matches in self.matches.items() if known >= level]
        if any(matches is None for matches in enough):
            return None
        return frozenset[int]().union(*(matches.get(segment.id, ()) for matches in enough if matches is not None))

    def level_at(self, segment: Segment, row: int) -> Level | None:
        shown = (
            level for level, matches in self.matches.items() if matches is None or row in matches.get(segment.id, ())
        )
        return max(shown, default=None)

    def table_level(self, path: str) -> Level:
        """How sensitive it is that a table has a row: as the repeat, or as the least sensitive of its questions."""
        if not path.startswith("/"):
            return Level.LOW
        columns = self._table(path).columns
        least = min((self.sight.level_of(column.path) for column in columns), default=Level.LOW)
        return max(self.sight.level_of(path), least)

    def veiled(self, path: str) -> Iterator[tuple[Column, Level]]:
        """The columns of a table that some rows may show and others not."""
        for column in self._table(path).columns:
            if self.sight.veils(column.path) and not self.sight.hides(column.path):
                yield column, self.sight.level_of(column.path)

    def files_of(self, path: str) -> list[Column]:
        """The columns of a table whose answers name files, those that are hidden too."""
        return [column for column in self._table(path).columns if "binary" in column.types]

    def _table(self, path: str) -> TableLayout:
        empty = TableLayout(path, "", ())
        return next((table for table in self.layout.tables if table.path == path), empty)


def make_veil(tables: FormTables, sight: Sight, parts: Sequence[RowsShown], *, now: datetime) -> Veil | None:
    """Make the veil of an export; None when every row in sight shows all that the sight lets through anywhere."""
    levels = {part.level for part in parts}
    if len(levels) < 2 and sight.others <= sight.lowest:
        return None
    of_level = {level: joined([part for part in parts if part.level == level], None) for level in levels}
    matches = {
        level: None if where is None else find_matches(Selection(tables, "", now, where))
        for level, where in of_level.items()
    }
    return Veil(sight, tables.layout, matches)
