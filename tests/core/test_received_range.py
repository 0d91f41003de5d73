"""The range of receipt a filter allows is never narrower than the truth."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_server.core.odata_filter import (
    And,
    Comparison,
    Expression,
    Function,
    Literal,
    Not,
    Or,
    Property,
    parse_filter,
)
from sync_server.core.received_range import EARLIEST, EVERYTHING, LATEST, ReceivedRange, received_range

NOW = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text, first, last",
    [
        ("__system/submissionDate ge 2026-01-01", day("2026-01-01"), LATEST),
        ("2026-01-01 lt __system/submissionDate", day("2026-01-01"), LATEST),
        ("$root/Submissions/__system/submissionDate le 2026-01-01T03:00:00+03:00", EARLIEST, day("2026-01-01")),
        ("__system/submissionDate lt now()", EARLIEST, NOW),
        ("__system/submissionDate ge 2026-01-01 and __system/submissionDate lt 2026-02-01 and age gt 5",
         day("2026-01-01"), day("2026-02-01")),
        ("__system/submissionDate lt 2026-01-01 or __system/submissionDate eq 2026-02-01", EARLIEST, day("2026-02-01")),
        ("year(__system/submissionDate) eq year(now())", day("2026-01-01"), day("2027-01-01")),
        ("__system/submissionDate ne 2026-01-01", EARLIEST, LATEST),
        ("not __system/submissionDate lt 2026-01-01", EARLIEST, LATEST),
        ("age lt 2026-01-01", EARLIEST, LATEST),
    ],
)  # fmt: skip
def test_range_of_a_filter(text: str, first: datetime, last: datetime) -> None:
    assert received_range(parse_filter(text), now=NOW) == ReceivedRange(first, last)


def test_no_filter_allows_everything() -> None:
    assert received_range(None, now=NOW) == EVERYTHING


def test_range_meets_what_touches_it() -> None:
    allowed = ReceivedRange(day("2026-01-01"), day("2026-02-01"))
    assert allowed.meets(day("2025-01-01"), day("2026-01-01"))
    assert allowed.meets(day("2026-02-01"), day("2027-01-01"))
    assert not allowed.meets(day("2026-02-02"), day("2027-01-01"))
    assert not ReceivedRange(day("2026-02-01"), day("2026-01-01")).meets(EARLIEST, LATEST)


RECEIVED = Property(("__system", "submissionDate"))
days = st.dates(date(2024, 1, 1), date(2028, 1, 1))
sides = st.one_of(
    days.map(lambda d: (RECEIVED, Literal(d, d.isoformat()))),
    st.integers(2024, 2028).map(lambda y: (Function("year", RECEIVED), Literal(y, str(y)))),
    st.just((RECEIVED, Function("now"))),
)
operators = st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"])
comparisons = st.builds(
    lambda op, pair, turned: Comparison(op, *(pair[::-1] if turned else pair)), operators, sides, st.booleans()
)
trees: st.SearchStrategy[Expression] = st.recursive(
    comparisons,
    lambda deeper: st.one_of(
        st.builds(Not, deeper),
        st.lists(deeper, min_size=1, max_size=3).map(lambda terms: And(tuple(terms))),
        st.lists(deeper, min_size=1, max_size=3).map(lambda terms: Or(tuple(terms))),
    ),
    max_leaves=8,
)
COMPARE = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
}  # fmt: skip


def is_true(tree: Expression, received: datetime) -> bool:
    match tree:
        case Comparison(operator=operator, left=left, right=right):
            return bool(COMPARE[operator](value(left, received), value(right, received)))
        case Not(term=term):
            return not is_true(term, received)
        case And(terms=terms):
            return all(is_true(term, received) for term in terms)
        case Or(terms=terms):
            return any(is_true(term, received) for term in terms)
    raise AssertionError(tree)


def value(tree: Expression, received: datetime) -> object:
    match tree:
        case Property():
            return received
        case Function(name="now"):
            return NOW
        case Function():
            return received.year
        case Literal(value=date() as text):
            return day(text.isoformat())
        case Literal(value=number):
            return number
    raise AssertionError(tree)


@given(trees, days, st.integers(-1, 1))
def test_no_row_that_passes_lies_outside_the_range(tree: Expression, moment: date, off: int) -> None:
    received = day(moment.isoformat()) + timedelta(microseconds=off)
    if is_true(tree, received):
        assert received_range(tree, now=NOW).meets(received, received)
