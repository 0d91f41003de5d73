"""Read files of one layout as if they had been written under another, newer one."""

from collections.abc import Iterator

from sync_server.core.table_layout import StoredTable
from sync_server.warehouse.table_columns import SQL_TYPES, quoted, server_columns, typed_sql


def unified_columns(table: str, have: StoredTable, want: StoredTable) -> Iterator[str]:
    """Write the expressions of a SELECT over a file that has one set of answers, for all columns of another.

    A column that is not there is NULL; a type that was declared later is made from the text.
    """
    yield from (quoted(name) for name in server_columns(table))
    for name, typed in want.items():
        yield quoted(name) if name in have else f"NULL::VARCHAR AS {quoted(name)}"
        for kind, column in typed.items():
            yield _typed(name, kind, column, have)


def _typed(name: str, kind: str, column: str, have: StoredTable) -> str:
    if kind in have.get(name, {}):
        return quoted(column)
    value = typed_sql(kind, quoted(name)) if name in have else f"NULL::{SQL_TYPES[kind]}"
    return f"{value} AS {quoted(column)}"
