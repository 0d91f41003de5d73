"""Say which rows of a form's table are wanted, and run the SELECT that gives them.

Every question to the warehouse (page.py, sorting.py, totals.py, batches.py) begins with a `Selection` on pinned
`FormTables`. Filters, sort orders and columns are checked against the form's layout when it is made.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sync_server.core.odata_filter import Expression, Property
from sync_server.core.received_range import ReceivedRange, received_range
from sync_server.store.segments import Cluster, Segment
from sync_server.warehouse.cells import LOCAL, Cell, cell_of, cells_named
from sync_server.warehouse.filter_sql import Condition, condition_of
from sync_server.warehouse.form_tables import FormTables
from sync_server.warehouse.relation import PAGE_ORDER, SEGMENT, Sql, names_of, relation
from sync_server.warehouse.table_columns import EVERY_TABLE

if TYPE_CHECKING:
    import duckdb  # loaded at the first query: a hub on which nobody reads has no memory to spare for it

KEYS = tuple(Cell(name, kind) for name, kind in zip(EVERY_TABLE, ("datetime", "text", "int", "int"), strict=True))

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Selection:
    """The rows of one table that pass a filter, and the columns wanted of them (None: the server's and all texts)."""

    tables: FormTables
    table: str
    now: datetime
    where: Expression | None = None
    columns: Sequence[str] | None = None

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        return cells_named(self.tables, self.table, self.columns)

    @cached_property
    def condition(self) -> Condition | None:
        return None if self.where is None else condition_of(self.where, self.cell, now=self.now)

    @cached_property
    def range(self) -> ReceivedRange:
        return received_range(self.where, now=self.now)

    def cell(self, wanted: Property) -> Cell:
        return cell_of(self.tables, self.table, wanted)

    def clusters(self) -> Iterator[Cluster]:
        """The clusters whose rows may pass the filter, newest first; a filter on dates leaves most of them out."""
        for cluster in self.tables.clusters(self.table):
            if self.range.meets(min(s.oldest for s in cluster), cluster[0].newest):
                yield cluster

    def segments(self) -> tuple[Segment, ...]:
        return tuple(segment for cluster in self.clusters() for segment in cluster)

    def count_of(self, cluster: Cluster) -> int:
        """Number of rows before any filter; nothing is read for it."""
        return sum(segment.live.get(self.table, 0) for segment in cluster)

    def rows(self, segments: Iterable[Segment], cells: Sequence[Cell], *, further: Sql | None = None) -> Sql:
        """SELECT these columns of the rows that pass the filter and a further condition."""
        conditions = [c for c in (self.condition.sql if self.condition else None, further) if c is not None]
        needed = dict.fromkeys((*cells, *KEYS, *(self.condition.cells if self.condition else ())))
        source = relation(self.tables, segments, self.table, [cell for cell in needed if cell.name != SEGMENT])
        where = f" WHERE {' AND '.join(c.text for c in conditions)}" if conditions else ""
        values = (*source.values, *(value for c in conditions for value in c.values))
        return Sql(f"SELECT {names_of(cells)} FROM ({source.text}){where}", values)  # noqa: S608 names quoted, values bound

    def ordered(self, cluster: Cluster, cells: Sequence[Cell], *, further: Sql | None = None) -> Sql:
        """SELECT the rows of a cluster in page order."""
        sql = self.rows(cluster, cells, further=further)
        if self.lies_in_order(cluster):
            return sql
        return Sql(f"{sql.text} ORDER BY {PAGE_ORDER}", sql.values)

    def lies_in_order(self, cluster: Cluster) -> bool:
        """Whether the rows come in page order without sorting: of one segment, which only a join could disturb."""
        has_root = self.condition is not None and any(cell.is_of_root for cell in self.condition.cells)
        return len(cluster) == 1 and not has_root


@contextmanager
def running(tables: FormTables, sql: Sql) -> Iterator["duckdb.DuckDBPyConnection"]:
    """Run a SELECT; its rows are made as they are fetched."""
    with tables.warehouse.cursor() as cursor:
        yield cursor.execute(sql.text, sql.values)


def fetch(tables: FormTables, sql: Sql) -> list[Row]:
    with running(tables, sql) as cursor:
        return cursor.fetchall()


def zoned(cells: Sequence[Cell]) -> Callable[[Row], Row]:
    """Give rows their zone back: DuckDB keeps moments in UTC without one."""
    moments = [n for n, cell in enumerate(cells) if cell.kind == "datetime" and cell.name not in LOCAL]

    def with_zone(row: Row) -> Row:
        values = list(row)
        for n in moments:
            if values[n] is not None:
                values[n] = values[n].replace(tzinfo=UTC)
        return tuple(values)

    return with_zone if moments else tuple
