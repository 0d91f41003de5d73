"""A value of a filter takes the type of what it stands beside."""

from datetime import UTC, date, datetime

import pytest

from sync_server.core.odata_filter import Literal
from sync_server.core.odata_typing import can_compare, fit_value, kind_of

DAY = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "literal, kind, fitted",
    [
        (Literal(5, "5"), "text", "5"),
        (Literal("5", "5"), "int", 5.0),
        (Literal("true", "true"), "boolean", True),
        (Literal("2026-01-31", "2026-01-31"), "date", DAY.date()),
        (Literal("2026-01-31", "2026-01-31"), "datetime", DAY),
        (Literal(DAY.date(), "2026-01-31"), "datetime", DAY),
        (Literal(None, "null"), "text", None),
    ],
)
def test_it_fits(literal: Literal, kind: str, fitted: object) -> None:
    found = fit_value(literal, kind)
    assert (found, type(found)) == (fitted, type(fitted))


def test_what_cannot_be_of_a_type_is_no_value() -> None:
    for kind in ("int", "boolean", "date", "datetime", "time"):
        with pytest.raises(ValueError):
            fit_value(Literal("monday", "monday"), kind)


def test_only_what_a_database_can_compare_is_compared() -> None:
    assert can_compare("int", "decimal")
    assert can_compare("date", "datetime")
    assert can_compare("text", kind_of(None))
    assert not can_compare("text", kind_of(5))
    assert kind_of(date(2026, 1, 31)) == "date"
