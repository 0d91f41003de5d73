"""Read from the tables which number each submission of a form says, sorted; in memory that does not grow with them."""

from collections.abc import Iterator
from datetime import UTC, datetime

from sync_server.core.form_numbers import NUMBER, SERIES, Numbered, is_possible
from sync_server.warehouse.batches import AT_A_TIME
from sync_server.warehouse.cells import Cell
from sync_server.warehouse.form_tables import FormTables
from sync_server.warehouse.query import Selection, running
from sync_server.warehouse.relation import Sql
from sync_server.warehouse.table_columns import quoted

_RECEIVED, _SENDER, _DEVICE = Cell("_received", "datetime"), Cell("_submitter_id", "text"), Cell("_device_id", "text")


def has_numbers(tables: FormTables) -> bool:
    """Tell whether some version of the form has the answers that count."""
    return {SERIES, NUMBER} <= {column.path for column in tables.columns("")}


def iter_numbers(tables: FormTables, *, now: datetime) -> Iterator[Numbered]:
    """Stream what says a number, by series and number; `tablet` is the sender's number, else the device's name."""
    selection = Selection(tables, "", now)
    segments = selection.segments()
    if not segments:
        return
    names = {column.path: column.name for column in tables.columns("")}
    series, number = (Cell(names[path], "text") for path in (SERIES, NUMBER))
    rows = selection.rows(segments, (series, number, _RECEIVED, _SENDER, _DEVICE))
    text = (
        f"SELECT {quoted(series.name)}, try_cast({quoted(number.name)} AS BIGINT) AS number, _received, "  # noqa: S608 names quoted
        f"coalesce(_submitter_id, _device_id, '') FROM ({rows.text}) "
        f"WHERE {quoted(series.name)} <> '' AND number IS NOT NULL ORDER BY 1, 2, 3"
    )
    with running(tables, Sql(text, rows.values)) as cursor:
        while batch := cursor.fetchmany(AT_A_TIME):
            for series_name, counted, received, tablet in batch:
                if is_possible(counted):
                    yield Numbered(series_name, counted, received.replace(tzinfo=UTC), tablet)
