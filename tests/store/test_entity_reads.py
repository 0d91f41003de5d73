"""Rows of entities by SQL are those that Python alone chooses and sorts, on both databases."""

import string
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from sync_server.core.odata_filter import And, Comparison, Expression, Function, Literal, Not, Or, parse_property
from sync_server.core.odata_order import Order
from sync_server.entity_errors import EntityFieldUnknown
from sync_server.node import Node
from sync_server.services.entity_view import EntityView
from sync_server.services.read_entities import EntityQuery, EntityTable, open_entities
from sync_server.store import entities
from sync_server.store.entities import EntityList
from tests.support.naive_entities import NOON, PROPERTIES, TEXTS, holds, is_shown, ordered, random_entities, row_of
from tests.support.random_filters import written

COUNT = 60
FORUM_LIST = EntityList(project_id=1, name="forums", properties=PROPERTIES, rules={})
FORUMS = random_entities(20261123, COUNT)
KINDS = {name: type(value) for forum in FORUMS for name, value in row_of(forum).items() if value is not None}
OPERATORS = ("eq", "ne", "lt", "le", "gt", "ge")
VALUES = {
    str: st.sampled_from([Literal(text, text) for text in (*TEXTS[1:], "hard")]),
    int: st.integers(-1, 10).map(lambda n: Literal(n, str(n))),
    datetime: st.sampled_from([NOON, *(forum.created_at for forum in FORUMS[:5])]).map(
        lambda moment: Literal(moment, moment.isoformat())
    ),
}
paths = st.sampled_from(sorted(KINDS))
PARTS = st.sampled_from(("year", "month", "day", "hour", "minute", "second"))


@st.composite
def comparisons(draw: st.DrawFn) -> Expression:
    path = draw(paths)
    if KINDS[path] is datetime and draw(st.booleans()):
        part = Function(draw(PARTS), parse_property(path))
        return Comparison(draw(st.sampled_from(OPERATORS)), part, draw(VALUES[int]))
    of_kind = st.sampled_from([parse_property(other) for other, kind in KINDS.items() if kind is KINDS[path]])
    operands = st.one_of(VALUES[KINDS[path]], of_kind, st.just(Literal(None, "null")))
    left, right = parse_property(path), draw(operands)
    return Comparison(draw(st.sampled_from(OPERATORS)), *((right, left) if draw(st.booleans()) else (left, right)))


filters = st.recursive(
    comparisons(),
    lambda deeper: st.one_of(
        st.builds(Not, deeper),
        st.builds(And, st.lists(deeper, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(deeper, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
orders = st.lists(st.builds(Order, paths.map(parse_property), st.booleans()), max_size=3)
searching = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def forums(node: Node) -> Node:
    with node.database.write() as session:
        entities.put_list(session, FORUM_LIST)
        entities.put_entities(session, FORUMS, touched=())
    return node


def query(filter: str | None = None, order: list[Order] | None = None, search: str | None = None) -> EntityQuery:
    terms = [f"{term.property} {'desc' if term.is_descending else 'asc'}" for term in order or []]
    return EntityQuery(project_id=1, name="forums", filter=filter, order=",".join(terms), search=search)


def test_any_filter_leaves_what_python_leaves(forums: Node) -> None:
    @searching
    @given(filters)
    def check(expression: Expression) -> None:
        text = written(expression)
        with open_entities(forums, None, query(text)) as table:
            found = {row.entity_id for row in table.rows()}
            assert table.count() == len(found)
        assert found == {each.entity_id for each in FORUMS if is_shown(each, text) and holds(expression, row_of(each))}

    check()


def test_pages_in_any_order_are_the_whole_in_that_order(forums: Node) -> None:
    @searching
    @given(orders, st.integers(1, 20))
    def check(order: list[Order], size: int) -> None:
        with open_entities(forums, None, query(order=order)) as table:
            page = table.page(limit=size)
            found = [row.entity_id for row in page]
            while page.next and len(found) <= COUNT:
                page = table.page(limit=size, token=page.next)
                found += [row.entity_id for row in page]
            by_position = [row.entity_id for row in table.page(skip=size)]
        assert found == [each.entity_id for each in ordered([f for f in FORUMS if is_shown(f)], order)]
        assert by_position == found[size:]

    check()


@pytest.mark.parametrize("word", [text for text in TEXTS if text] + ["hidden", "0", "'", "S", "\\", "%", "_"])
def test_a_word_is_found_where_it_is_shown_alone(forums: Node, word: str) -> None:
    with open_entities(forums, None, query(search=f'"{word}"')) as table:
        found = {row.entity_id for row in table.rows()}
    assert found == {each.entity_id for each in FORUMS if is_shown(each) and _has(row_of(each), word)}


def _has(row: dict[str, object], word: str) -> bool:
    """Letters beyond ASCII are found as they are written: SQLite knows no others' small letters."""
    folded = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
    texts = (str(row[name] or "").translate(folded) for name in ("label", *PROPERTIES))
    return any(word.translate(folded) in text for text in texts)


@pytest.mark.parametrize(
    "filter",
    [
        "true", "not false", "1 eq 1 and 'a' eq 'a'", "null eq null", "2026-01-31 lt now()", "12:00 lt 13:00",
        "year(2026-01-31) eq 2026",
        "second(__system/createdAt) eq 0", "hour(2026-01-31T08:00:00Z) eq 8", "minute(12:30) eq 30", "1 eq 1.0",
        "2026-01-31 eq 2026-01-31T00:00:00Z", "__system/version lt 1e300", "__system/version ge '0'",
        "__system/version lt 99999999999999999999", "label ge ''", "label ne 5",
        "__system/createdAt gt 0002-01-01T00:00:00Z", "__system/createdAt lt '9998-12-31T23:59:59Z'", "__id ne 'it''s'",
    ],
)  # fmt: skip
def test_what_always_holds_leaves_everything(forums: Node, filter: str) -> None:
    with open_entities(forums, None, query(filter)) as table:
        assert table.count() == sum(map(is_shown, FORUMS))


def test_who_may_not_see_labels_neither_reads_nor_asks_for_them(forums: Node) -> None:
    def view(session: Session, asked: EntityQuery) -> EntityTable:
        return EntityTable(session, EntityView(FORUM_LIST, ("adm2",), has_label=False), asked)

    with forums.database.read() as session:
        table = view(session, query(filter="adm2 eq 'a'"))
        assert {(table.show(row)["label"], table.show(row)["adm2"]) for row in table.rows()} == {(None, "a")}
        for asked in (
            query(filter="label eq 'a'"),
            query(order=[Order(parse_property("label"))]),
            query("ناحية eq 'a'"),
        ):
            with pytest.raises(EntityFieldUnknown):
                view(session, asked)
        found = [row.entity_id for row in view(session, query(search="a")).rows()]
    assert sorted(found) == sorted(f.entity_id for f in FORUMS if f.is_served and f.data.get("adm2") == "a")
