"""Every question to the warehouse has the answer that plain Python gives, for segments and filters at random."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_server.core.odata_filter import Expression, parse_property
from sync_server.core.odata_order import parse_order
from sync_server.warehouse.batches import iter_batches
from sync_server.warehouse.page import page_after, page_at
from sync_server.warehouse.query import Selection
from sync_server.warehouse.sorting import sorted_page
from sync_server.warehouse.totals import Measure, count, group, total
from sync_server.warehouse.warehouse import Warehouse
from tests.support.naive_query import KINDS, NaiveRow, close, in_order, naive_rows, passes
from tests.support.random_households import NOW, filters, segments
from tests.support.small_warehouse import CHILD, VISIT, Written, make_tables, standing

slow = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
tables_of_form = st.sampled_from(["", VISIT, CHILD])
NUMBERS = {"": "age", VISIT: "n", CHILD: "weight"}
TEXTS = {"": "/name", VISIT: "/visit/note", CHILD: "/visit/child/name"}


@st.composite
def questions(draw: st.DrawFn) -> tuple[str, Expression | None]:
    table = draw(tables_of_form)
    return table, draw(st.none() | filters(table))


def expected(contents: list[Written], table: str, where: Expression | None) -> list[NaiveRow]:
    return [row for row in naive_rows(standing(contents), table) if passes(row, where, NOW)]


def selected(warehouse: Warehouse, contents: list[Written], table: str, where: Expression | None) -> Selection:
    columns = ["_received", "_root", "_ordinal", TEXTS[table]]
    return Selection(make_tables(warehouse, contents), table, NOW, where, columns)


def shown(rows: list[NaiveRow]) -> list[tuple[object, ...]]:
    return [(*row.key, row.text(TEXTS[row.table])) for row in rows]


@slow
@given(contents=segments(), question=questions(), offset=st.integers(0, 30), limit=st.integers(1, 12))
def test_pages_by_position(
    warehouse: Warehouse, contents: list[Written], question: tuple[str, Expression | None], offset: int, limit: int
) -> None:
    selection = selected(warehouse, contents, *question)
    rows = shown(expected(contents, *question))
    page = page_at(selection, offset=offset, limit=limit)
    assert list(page.rows) == rows[offset : offset + limit]
    assert count(selection) == len(rows)


@slow
@given(contents=segments(), question=questions(), limit=st.integers(1, 12))
def test_pages_by_key_and_batches(
    warehouse: Warehouse, contents: list[Written], question: tuple[str, Expression | None], limit: int
) -> None:
    selection = selected(warehouse, contents, *question)
    rows = shown(expected(contents, *question))
    found, page = [], page_after(selection, None, limit=limit)
    while page.last is not None:
        assert len(page.rows) <= limit
        found += page.rows
        page = page_after(selection, page.last, limit=limit)
    assert found == rows
    assert [row for batch in iter_batches(selection, size=limit) for row in batch] == rows


@slow
@given(
    contents=segments(),
    question=questions(),
    directions=st.tuples(st.booleans(), st.booleans()),
    offset=st.integers(0, 20),
    limit=st.integers(1, 12),
)
def test_pages_in_another_order(
    warehouse: Warehouse,
    contents: list[Written],
    question: tuple[str, Expression | None],
    directions: tuple[bool, bool],
    offset: int,
    limit: int,
) -> None:
    selection = selected(warehouse, contents, *question)
    terms = list(zip([NUMBERS[question[0]], list(KINDS[question[0]])[-1]], directions, strict=True))
    order = parse_order(",".join(f"{path} {'desc' if is_descending else 'asc'}" for path, is_descending in terms))
    rows = shown(in_order(expected(contents, *question), terms))
    assert list(sorted_page(selection, order, offset=offset, limit=limit)) == rows[offset : offset + limit]


@slow
@given(contents=segments(), question=questions())
def test_totals_and_groups(
    warehouse: Warehouse, contents: list[Written], question: tuple[str, Expression | None]
) -> None:
    selection = selected(warehouse, contents, *question)
    rows = expected(contents, *question)
    number, text = parse_property(NUMBERS[question[0]]), parse_property(TEXTS[question[0]].rpartition("/")[2])
    measures = [Measure(name, number) for name in ("count", "sum", "avg", "min", "max")]
    found = total(selection, [*measures, Measure("max", parse_property("__system/submissionDate"))])
    given_numbers = [value for row in rows if (value := row.value(str(number))) is not None]
    wanted = (*naive_measures(given_numbers), max((row.household.received for row in rows), default=None))
    assert all(map(close, found, wanted)), (found, wanted)
    counts = Counter(row.value(str(text)) for row in rows)
    groups = sorted(counts.items(), key=lambda group: (-group[1], group[0] is not None, group[0] or ""))
    assert group(selection, [text], limit=3) == groups[:3]


def naive_measures(numbers: list[float]) -> tuple[object, ...]:
    if not numbers:
        return (0, None, None, None, None)
    whole = sum(numbers)
    return (len(numbers), whole, whole / len(numbers), min(numbers), max(numbers))
