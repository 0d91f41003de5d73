"""Ask the warehouse which rows a scope's filters let through.

A filter that cannot be read, or that names a question the form does not have, lets nothing through: where we cannot
tell whether a row is somebody's, it is not.
"""

import logging
from collections.abc import Iterable
from datetime import datetime

from sync_server.core.odata_filter import Expression, parse_filter
from sync_server.errors import Problem
from sync_server.warehouse.cells import Cell
from sync_server.warehouse.form_tables import FormTables
from sync_server.warehouse.query import Selection, fetch

log = logging.getLogger(__name__)

_ROOT = Cell("_root", "text")


def read_rows(tables: FormTables, rows: str, *, now: datetime) -> Expression | None:
    """Read a scope's filter for this form; None when it lets nothing through."""
    try:
        where = parse_filter(rows)
        _ = Selection(tables, "", now, where).condition
    except Problem as problem:
        log.warning("row scope shows nothing form=%s: %s", tables.manifest.form_id, type(problem).__name__)
        return None
    return where


def find_roots(tables: FormTables, rows: str | None, *, now: datetime) -> Iterable[str]:
    """List the submissions that a filter lets through; None is all."""
    where = None if rows is None else read_rows(tables, rows, now=now)
    if rows is not None and where is None:
        return []
    selection = Selection(tables, "", now, where)
    segments = selection.segments()
    return [root for (root,) in fetch(tables, selection.rows(segments, [_ROOT]))] if segments else []
