"""Whatever filter could be read becomes SQL, or is refused for its types; nothing else comes of it."""

from contextlib import suppress
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from sync_server.core.odata_filter import Expression
from sync_server.errors import FilterTypeConflict
from sync_server.warehouse.cells import Cell
from sync_server.warehouse.filter_sql import condition_of
from tests.support.random_filters import trees


@given(trees, st.sampled_from(["int", "decimal", "text", "date", "datetime", "time", "boolean", "geo"]))
def test_whatever_was_read_becomes_sql_or_is_refused(tree: Expression, kind: str) -> None:
    with suppress(FilterTypeConflict):
        condition_of(tree, lambda _: Cell("a", kind), now=datetime(2026, 1, 31, tzinfo=UTC))
