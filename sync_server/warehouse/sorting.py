"""Read a page of a table in another order than its own: by any columns, ties in page order.

Only the columns of the order are sorted, and the database keeps no more than it must of them; then the rows of the
page are fetched. So a wide table sorts as fast as a narrow one.
"""

from collections import defaultdict
from collections.abc import Sequence

from sync_server.core.odata_order import Order
from sync_server.store.segments import Segment
from sync_server.warehouse.cells import Cell
from sync_server.warehouse.query import KEYS, Row, Selection, fetch, zoned
from sync_server.warehouse.relation import PAGE_ORDER, SEGMENT, Sql, names_of, relation
from sync_server.warehouse.table_columns import quoted

_SEGMENT = Cell(SEGMENT, "int")


def sorted_page(selection: Selection, order: Sequence[Order], *, offset: int = 0, limit: int) -> tuple[Row, ...]:
    """Read rows by position in this order; no answer sorts below every answer, as in Central."""
    cells = [selection.cell(term.property) for term in order]
    segments = selection.segments()
    found = _positions(selection, segments, cells, order, limit, offset) if segments else []
    rows = _rows_at(selection, segments, found)
    return tuple(rows[position] for position in found)


def _positions(
    selection: Selection,
    segments: Sequence[Segment],
    cells: Sequence[Cell],
    order: Sequence[Order],
    limit: int,
    offset: int,
) -> list[Row]:
    """Tell where the rows of the page are: (segment, submission, row)."""
    rows = selection.rows(segments, tuple(dict.fromkeys((*cells, *KEYS, _SEGMENT))))
    terms = ", ".join(
        f"{quoted(cell.alias)} {'DESC NULLS LAST' if term.is_descending else 'ASC NULLS FIRST'}"
        for cell, term in zip(cells, order, strict=True)
    )
    places = names_of((_SEGMENT, *KEYS[2:]))
    text = f"SELECT {places} FROM ({rows.text}) ORDER BY {terms}, {PAGE_ORDER} LIMIT ? OFFSET ?"  # noqa: S608
    return fetch(selection.tables, Sql(text, (*rows.values, limit, offset)))


def _rows_at(selection: Selection, segments: Sequence[Segment], found: Sequence[Row]) -> dict[Row, Row]:
    places: defaultdict[int, set[int]] = defaultdict(set)
    for number, submission, _ in found:
        places[number].add(submission)
    with_zone, width, wanted = zoned(selection.cells), len(selection.cells), set(found)
    rows = {}
    for number, submissions in places.items():
        cells = (*selection.cells, *KEYS)
        source = relation(selection.tables, [segments[number]], selection.table, tuple(dict.fromkeys(cells)))
        text = f'SELECT {names_of(cells)} FROM ({source.text}) WHERE "_row" IN (SELECT unnest(?::INTEGER[]))'  # noqa: S608
        for row in fetch(selection.tables, Sql(text, (*source.values, sorted(submissions)))):
            position = (number, *row[-2:])
            if position in wanted:
                rows[position] = with_zone(row[:width])
    return rows
