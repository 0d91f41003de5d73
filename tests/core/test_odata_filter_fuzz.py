"""Every tree comes back from its text, and whatever anybody sends as a `$filter` is read or refused, at once."""

import inspect
import sys
import time
from contextlib import suppress
from datetime import date
from datetime import time as time_of_day

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_server.core.odata_filter import DEEPEST, Comparison, Expression, Literal, Property, parse_filter
from sync_server.errors import FilterNotSupported, FilterUnreadable, Problem
from tests.support.random_filters import LITERAL_WORDS, OPERATORS, PARTS, trees, written

# What a person may send, and what a person who means harm would put together of it.
PIECES = (
    *OPERATORS, *PARTS, *LITERAL_WORDS, "and", "or", "in", "has", "add", "now", "now()", "contains", "(", ")", ",", " ",
    "'", "''", "'x'", "-", "+", ":", "/", "$", "$root/Submissions/", "é", "ناو", "a", "1", "2.5e3", "9" * 400, "1e999",
    "2026-01-31", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "T08:00", "Z", "\x00", "\u2028", "\ud800",
)  # fmt: skip


@given(trees)
def test_every_tree_comes_back_from_its_text(tree: Expression) -> None:
    assert parse_filter(written(tree)) == tree


@given(trees, st.sampled_from(["  ", "\t", "\n", "\u00a0"]), st.integers(0, 5))
def test_space_and_parentheses_that_are_not_needed_change_nothing(tree: Expression, space: str, depth: int) -> None:
    assert parse_filter(space + f"({space}" * depth + written(tree) + f"{space})" * depth + space) == tree


@given(st.lists(st.sampled_from(PIECES), max_size=30), st.sampled_from(["", " "]))
def test_whatever_is_put_together_is_read_or_refused(pieces: list[str], between: str) -> None:
    with suppress(FilterUnreadable, FilterNotSupported):
        parse_filter(between.join(pieces))


@given(st.text(max_size=60))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    with suppress(FilterUnreadable, FilterNotSupported):
        parse_filter(text)


@given(trees, st.data())
def test_filter_with_a_piece_put_in_is_read_or_refused(tree: Expression, data: st.DataObject) -> None:
    text = written(tree)
    place = data.draw(st.integers(0, len(text)))
    with suppress(FilterUnreadable, FilterNotSupported):
        parse_filter(text[:place] + data.draw(st.sampled_from(PIECES)) + text[place:])


HOSTILE = {
    "a megabyte": "a eq 1 or " * 100_000,
    "ten thousand parentheses": "(" * 10_000 + "a eq 1" + ")" * 10_000,
    "as many parentheses as fit": "(" * 9_990 + "a" + ")" * 9_990,
    "nested functions": "year(" * 3_900 + "a",
    "nested unknown functions": "f(" * 9_000,
    "not, not, not": "not " * 4_900 + "a",
    "all of them": "not (year(" * 1_900,
    "one level too deep": "(" * (DEEPEST + 1) + "a eq 1" + ")" * (DEEPEST + 1),
    "an open string": "a eq '" + "x" * 19_000,
    "an odd number of quotes": "a eq " + "'" * 19_991,
    "a number of many digits": "a eq " + "9" * 19_000,
    "a name of many slashes": "a/" * 9_900,
    "many commas": "year(" + "a," * 9_900,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_filter_is_refused_at_once(text: str) -> None:
    before = time.thread_time()
    with pytest.raises(Problem) as caught:
        parse_filter(text)
    assert time.thread_time() - before < 2  # some milliseconds; exponential work would never end
    assert len(caught.value.text) < 400


@pytest.mark.parametrize("nest", ["({})", "not {}", "not ({})"])
def test_deepest_filter_needs_little_of_the_stack(nest: str) -> None:
    """A request is already some hundred calls deep when its filter is read."""
    text = "a eq 1"
    for _ in range(DEEPEST // (2 if nest == "not ({})" else 1)):
        text = nest.format(text)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 600)
    try:
        parse_filter(text)
    finally:
        sys.setrecursionlimit(limit)


def test_time_of_day_needs_no_seconds() -> None:
    assert parse_filter("a eq 08:30") == Comparison("eq", Property(("a",)), Literal(time_of_day(8, 30), "08:30"))


def test_dates_reach_from_the_first_year_to_the_last() -> None:
    for day in (date.min, date.max):
        assert parse_filter(f"a eq {day}") == Comparison("eq", Property(("a",)), Literal(day, str(day)))
