"""Read a page of a table, in page order: newest submissions first, the rows of a repeat as they were answered.

By position: clusters before the page are passed over by their counts, and the page is cut out of the stored order. By
key: what comes behind a row that was seen; new submissions that arrive between two pages move nothing. With a filter
clusters are read newest first until the page is full.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sync_server.store.segments import Cluster
from sync_server.warehouse.query import KEYS, Row, Selection, fetch, zoned
from sync_server.warehouse.relation import Sql
from sync_server.warehouse.totals import count_rows


@dataclass(frozen=True, slots=True)
class RowKey:
    """Where a row stands in page order: its submission's first receipt and root, and its number among the rows."""

    received: datetime
    root_id: str
    ordinal: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """`last` is the key of the last row, to go on behind it; None on an empty page."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    last: RowKey | None


def page_at(selection: Selection, *, offset: int, limit: int) -> Page:
    """Read the rows from a position on."""
    rows: list[Row] = []
    for cluster in selection.clusters():
        if len(rows) >= limit:
            break
        count = _matching(selection, cluster) if offset else None
        if count is not None and count <= offset:
            offset -= count
            continue
        rows += _cut(selection, cluster, None, limit - len(rows), offset)
        offset = 0
    return _page(selection, rows)


def page_after(selection: Selection, key: RowKey | None, *, limit: int) -> Page:
    """Read the rows behind a row, which need not be there any more; the first rows without one."""
    rows: list[Row] = []
    for cluster in selection.clusters():
        if len(rows) >= limit:
            break
        if key is None or (key.received, key.root_id) > cluster[0].first:
            rows += _cut(selection, cluster, None, limit - len(rows), 0)
        elif min(s.last for s in cluster) <= (key.received, key.root_id):
            rows += _cut(selection, cluster, _behind(key), limit - len(rows), 0)
    return _page(selection, rows)


def _matching(selection: Selection, cluster: Cluster) -> int:
    return selection.count_of(cluster) if selection.where is None else count_rows(selection, cluster)


def _cut(selection: Selection, cluster: Cluster, further: Sql | None, limit: int, offset: int) -> list[Row]:
    """Cut rows out of a cluster: first their keys, then between the first and the last of these the rows.

    The files say of every two thousand rows between which keys they lie, so only those of the page are unpacked.
    """
    cells = (*selection.cells, *KEYS)
    if not offset and selection.lies_in_order(cluster):
        rows = selection.ordered(cluster, cells, further=further)
        return fetch(selection.tables, Sql(f"{rows.text} LIMIT ?", (*rows.values, limit)))
    keys = selection.ordered(cluster, KEYS, further=further)
    found = fetch(selection.tables, Sql(f"{keys.text} LIMIT ? OFFSET ?", (*keys.values, limit, offset)))
    if not found:
        return []
    return fetch(selection.tables, selection.ordered(cluster, cells, further=_between(found[0], found[-1])))


def _between(first: Row, last: Row) -> Sql:
    """From one row to another in page order, both included, which are given by their KEYS."""
    from_first = '"_received" < ?::TIMESTAMP OR "_root" < ? OR ("_root" = ? AND "_ordinal" >= ?)'
    to_last = '"_received" > ?::TIMESTAMP OR "_root" > ? OR ("_root" = ? AND "_ordinal" <= ?)'
    text = f'"_received" <= ?::TIMESTAMP AND ({from_first}) AND "_received" >= ?::TIMESTAMP AND ({to_last})'
    values = [(received, received, root_id, root_id, ordinal) for received, root_id, _, ordinal in (first, last)]
    return Sql(text, (*values[0], *values[1]))


def _behind(key: RowKey) -> Sql:
    """Older, or as old with a lesser root, or a later row of the same submission."""
    moment = key.received.astimezone(UTC).replace(tzinfo=None)
    older = '"_received" < ?::TIMESTAMP OR "_root" < ? OR ("_root" = ? AND "_ordinal" > ?)'
    text = f'"_received" <= ?::TIMESTAMP AND ({older})'
    return Sql(text, (moment, moment, key.root_id, key.root_id, key.ordinal))


def _page(selection: Selection, rows: Sequence[Row]) -> Page:
    with_zone, width = zoned(selection.cells), len(selection.cells)
    last = None
    if rows:
        received, root_id, _, ordinal = rows[-1][width:]
        last = RowKey(received.replace(tzinfo=UTC), root_id, ordinal)
    columns = tuple(cell.name for cell in selection.cells)
    return Page(columns, tuple(with_zone(row[:width]) for row in rows), last)
