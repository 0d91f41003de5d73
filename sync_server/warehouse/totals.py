"""Count, sum and group the rows of a table.

Without a filter a count is read from the manifest. Sums and averages are of the type a question has now; answers that
are not of it count for nothing in them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sync_server.core.odata_filter import Property
from sync_server.errors import FilterTypeConflict
from sync_server.store.segments import Segment
from sync_server.warehouse.cells import Cell
from sync_server.warehouse.query import Row, Selection, fetch, zoned
from sync_server.warehouse.relation import Sql
from sync_server.warehouse.table_columns import quoted

# fsum adds floats so that the order of the files does not show in the last digits.
_FUNCTIONS = {"count": "count", "sum": "fsum", "avg": "favg", "min": "min", "max": "max"}
_OF_NUMBERS = frozenset(("sum", "avg"))


@dataclass(frozen=True, slots=True)
class Measure:
    """`function` is count (of answers given), sum, avg, min or max."""

    function: str
    property: Property


def count(selection: Selection) -> int:
    """Count the rows that pass the filter."""
    if selection.where is None:
        return selection.tables.manifest.live(selection.table)
    return count_rows(selection, selection.segments())


def count_rows(selection: Selection, segments: Iterable[Segment]) -> int:
    segments = tuple(segments)
    if not segments:
        return 0
    rows = selection.rows(segments, (_ROOT,))
    [(number,)] = fetch(selection.tables, Sql(f"SELECT count(*) FROM ({rows.text})", rows.values))  # noqa: S608
    return int(number)


def total(selection: Selection, measures: Sequence[Measure]) -> Row:
    """Measure all rows that pass the filter: one value for each measure, None where there is no answer."""
    [row] = _grouped(selection, (), measures, limit=1) or [
        (0, *(0 if m.function == "count" else None for m in measures))
    ]
    return row[1:]


def group(selection: Selection, by: Sequence[Property], measures: Sequence[Measure] = (), *, limit: int) -> list[Row]:
    """Measure the rows of each group: its values, its number of rows, its measures; the largest groups first."""
    return _grouped(selection, tuple(selection.cell(wanted) for wanted in by), measures, limit=limit)


_ROOT = Cell("_root", "text")


def _grouped(selection: Selection, by: tuple[Cell, ...], measures: Sequence[Measure], *, limit: int) -> list[Row]:
    measured = [selection.cell(measure.property) for measure in measures]
    written = [_measured(measure, cell) for measure, cell in zip(measures, measured, strict=True)]
    segments = selection.segments()
    if not segments:
        return []
    groups = [quoted(cell.alias) for cell in by]
    rows = selection.rows(segments, tuple(dict.fromkeys((*by, *measured))) or (_ROOT,))
    text = f"SELECT {', '.join([*groups, 'count(*)', *written])} FROM ({rows.text})"  # noqa: S608 names quoted
    if groups:
        order = ", ".join(f"{name} ASC NULLS FIRST" for name in groups)
        text += f" GROUP BY {', '.join(groups)} ORDER BY count(*) DESC, {order} LIMIT ?"
    found = fetch(selection.tables, Sql(text, (*rows.values, limit) if groups else rows.values))
    kept = (cell if m.function in ("min", "max") else _ROOT for m, cell in zip(measures, measured, strict=True))
    with_zone = zoned((*by, _ROOT, *kept))
    return [with_zone(row) for row in found]


def _measured(measure: Measure, cell: Cell) -> str:
    if measure.function in _OF_NUMBERS and cell.kind not in ("int", "decimal"):
        raise FilterTypeConflict(field=str(measure.property), type=cell.kind, value=f"{measure.function}()")
    function = _FUNCTIONS[measure.function]
    if measure.function == "sum" and cell.kind == "int":
        function = "sum"
    return f"{function}({quoted(cell.alias)})"
