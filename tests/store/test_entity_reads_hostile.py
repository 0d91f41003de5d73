"""Whatever a reader asks of an entity list, the answer is rows or a Problem: on both databases no accident."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_server.core.odata_skiptoken import Place, write_skiptoken
from sync_server.errors import Problem
from sync_server.node import Node
from sync_server.services.read_entities import EntityQuery, open_entities
from tests.support.forums import add_forums, make_forums

# As they come out of an address: no half characters, and no NUL (protocols/addresses.py).
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
TEXTS, NUMBERS, MOMENTS = ("label", "adm2", "__id"), ("creatorId", "version", "updates"), ("createdAt", "updatedAt")
FIELDS = (*TEXTS, *(f"__system/{name}" for name in (*NUMBERS, *MOMENTS)))
VALUES = (
    "'x'", "''", "null", "true", "5", "-9223372036854775808", "99999999999999999999", "1.5e308", "1.5e999",
    "0001-01-01", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "24:00", "12:00", "now()", "year(now())",
    "'2026-13-01'", "'NaN'", "'Infinity'", *FIELDS, *(f"second({field})" for field in FIELDS),
)  # fmt: skip
fragments = st.sampled_from((*VALUES, "eq", "ne", "lt", "ge", "and", "or", "not", "(", ")", ",", "asc", "desc"))
comparisons = st.tuples(st.sampled_from(VALUES), st.sampled_from(("eq", "ne", "lt", "ge")), st.sampled_from(VALUES))
filters = comparisons.map(" ".join) | st.lists(fragments, max_size=8).map(" ".join) | texts

# Places that nobody was given, but of the right kind for their order.
told = {
    **dict.fromkeys(TEXTS, texts),
    **{f"__system/{name}": st.sampled_from((0, 2**31, 2**63, -(2**63) - 1, 10**30)) for name in NUMBERS},
    **{f"__system/{name}": st.sampled_from(("0001-01-01T00:00:00+14:00", "2026-11-23")) | texts for name in MOMENTS},
}
terms = st.sampled_from(FIELDS).flatmap(lambda field: st.tuples(st.just(field), st.none() | told[field]))
places = st.lists(terms, max_size=3)
often = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_no_question_is_an_accident(node: Node) -> None:
    make_forums(node)
    add_forums(node, {"label": "Bardarash", "adm2": "a"}, {"label": "Zummar", "meets-on": "Monday"})

    @often
    @given(filters, texts, places, texts)
    def check(filter: str, search: str, place: list[tuple[str, str | int | None]], id: str) -> None:
        token = write_skiptoken(Place(id, tuple(value for _, value in place)))
        for asked in (
            EntityQuery(project_id=1, name="forums", filter=filter),
            EntityQuery(project_id=1, name="forums", search=search, order=",".join(field for field, _ in place)),
        ):
            assert ask(node, asked, None) in (*range(3), 400, 501)
            assert ask(node, asked, token) in (*range(3), 400, 501)

    check()


def ask(node: Node, asked: EntityQuery, token: str | None) -> int:
    """Return how many rows there are, or the status of what was wrong with the question."""
    try:
        with open_entities(node, None, asked) as table:
            return len(list(table.page(token=token)))
    except Problem as problem:
        return problem.status
