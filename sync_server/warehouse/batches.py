"""Read all rows of a table in page order, a batch at a time, in memory that does not grow with the table."""

from collections.abc import Iterator

from sync_server.warehouse.query import Row, Selection, running, zoned

AT_A_TIME = 2048


def iter_batches(selection: Selection, *, size: int = AT_A_TIME) -> Iterator[list[Row]]:
    """Yield the rows that pass the filter; each has the selection's columns."""
    with_zone = zoned(selection.cells)
    width = len(selection.cells)
    for cluster in selection.clusters():
        with running(selection.tables, selection.ordered(cluster, selection.cells)) as cursor:
            while batch := cursor.fetchmany(size):
                yield [with_zone(row[:width]) for row in batch]
