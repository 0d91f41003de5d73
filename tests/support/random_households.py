"""Segments at random: bases of both versions, edits in deltas, removals, and rows received at the same moment."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from sync_server.core.odata_filter import And, Comparison, Expression, Function, Literal, Not, Or, Property
from tests.support.naive_query import KINDS, SYSTEM_KINDS, typed
from tests.support.small_warehouse import Child, Household, Visit, Written

NOW = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
# Answers as tablets write them, and what has no place in a question of that type.
TEXTS = {
    "int": ["0", "1", "7", "-3", "007", " 5 ", "12", "abc", "1.5", "9223372036854775807", "99999999999999999999"],
    "decimal": ["0", "1.5", "2.25", "-0.5", "1e2", "x"],
    "text": ["a", "b", "B", "it's", 'say "x"', "ناو", "7", "two\nlines", "=1+1"],
    "date": ["2026-01-31", "2026-02-01", "2025-12-31", "soon", "2026-02-31"],
    "datetime": ["2026-01-31T23:30:00.000Z", "2026-02-01T02:30:00.000+03:00", "2025-12-31T23:59:59.999-05:00", "once"],
    "time": ["08:00:00.000", "23:59:59.999", "noon"],
    "boolean": ["true", "false", "1", "0", "maybe"],
}
NAMES = {"home/latitude": "/home@latitude", "home/longitude": "/home@longitude", "g/Place": "/g/^place"}


def _answers(table: str) -> st.SearchStrategy[dict[str, str]]:
    optional = {
        (NAMES.get(path, f"{table}/{path}") if not table else f"{table}/{path}"): st.sampled_from(TEXTS[kind])
        for path, kind in KINDS[table].items()
    }
    return st.fixed_dictionaries({}, optional=optional)


_children = st.lists(st.builds(Child, _answers("/visit/child")), max_size=2)
_visits = st.lists(st.builds(Visit, _answers("/visit"), _children), max_size=3)
_moments = st.integers(0, 6).map(lambda days: NOW - timedelta(days=days * 9, microseconds=days))
_server = st.fixed_dictionaries(
    {},
    optional={
        "_review_state": st.sampled_from(["approved", "rejected", "hasIssues"]),
        "_submitter_id": st.sampled_from(["5", "17"]),
        "_edits": st.integers(0, 3),
        "_has_conflict": st.booleans(),
    },
)
_DECLARED = {"1": "/new", "2": ""}


@st.composite
def households(draw: st.DrawFn, number: int) -> Household:
    return Household(draw(_moments), f"uuid:{number:03}", draw(_answers("")), draw(_visits), draw(_server))


@st.composite
def segments(draw: st.DrawFn, most: int = 24) -> list[Written]:
    """Base segments that do not overlap, and deltas that may reach over several of them."""
    found = [draw(households(number)) for number in range(draw(st.integers(0, most)))]
    ordered = sorted(found, key=lambda household: household.key, reverse=True)
    written, deltas = [], ([], [])  # type: tuple[list[Written], tuple[list[Household], list[Household]]]
    while ordered:
        size = draw(st.integers(1, 8))
        base, ordered = ordered[:size], ordered[size:]
        gone = set()
        for household in base:
            fate = draw(st.sampled_from(["stays", "stays", "stays", "edited", "removed"]))
            if fate != "stays":
                gone.add(household.root_id)
            if fate == "edited":
                edited = Household(household.received, household.root_id, draw(_answers("")), draw(_visits))
                deltas[draw(st.integers(0, 1))].append(edited)
        written.append(_written(base, draw(st.sampled_from(["1", "2"])), gone))
    written += [_written(delta, "2", set()) for delta in deltas if delta]
    return written


def _written(found: list[Household], version: str, gone: set[str]) -> Written:
    kept = [
        Household(
            h.received,
            h.root_id,
            {name: text for name, text in h.answers.items() if name != _DECLARED[version]},
            h.visits,
            h.server,
        )
        for h in found
    ]
    return Written(kept, version, frozenset(gone))


def _literal(kind: str) -> st.SearchStrategy[Literal]:
    values = [value for text in TEXTS[kind] if (value := typed(kind, text)) is not None]
    return st.sampled_from([Literal(value, str(value)) for value in [*values, None]])


def _comparison(wanted: Property, kind: str) -> st.SearchStrategy[Expression]:
    operators = st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"])
    plain = st.builds(Comparison, operators, st.just(wanted), _literal(kind))
    mirrored = st.builds(Comparison, operators, _literal(kind), st.just(wanted))
    parts = {
        "date": ["year", "month", "day"],
        "datetime": ["year", "month", "day", "hour", "minute", "second"],
        "time": ["hour", "minute", "second"],
    }.get(kind)
    if parts is None:
        return plain | mirrored
    numbers = st.sampled_from([2025, 2026, 1, 2, 31, 23, 59]).map(lambda n: Literal(n, str(n)))
    return (
        plain
        | mirrored
        | st.builds(Comparison, operators, st.sampled_from(parts).map(lambda p: Function(p, wanted)), numbers)
    )


_days = st.integers(-70, 5).map(lambda days: NOW + timedelta(days=days))
_received = st.builds(
    Comparison,
    st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]),
    st.booleans().map(lambda is_of_root: Property(("__system", "submissionDate"), is_of_root)),
    st.one_of(
        _moments.map(lambda m: Literal(m, m.isoformat())),
        _days.map(lambda m: Literal(m.date(), m.date().isoformat())),
        st.just(Function("now")),
    ),
)


def filters(table: str) -> st.SearchStrategy[Expression]:
    """Filters whose sides have the same type."""
    own = [(Property(tuple(path.split("/"))), kind) for path, kind in KINDS[table].items()]
    root = [(Property(tuple(path.split("/")), is_of_root=True), kind) for path, kind in KINDS[""].items()]
    system = [(Property(("__system", name), is_of_root=table != ""), kind) for name, kind in SYSTEM_KINDS.items()]
    texts = st.sampled_from(["approved", "rejected", "5"]).map(lambda text: Literal(text, text))
    review = st.builds(Comparison, st.sampled_from(["eq", "ne", "lt"]), st.just(system[3][0]), texts)
    flag: st.SearchStrategy[Expression] = st.just(Property(("agreed",), is_of_root=True))
    leaf = st.sampled_from([*own, *root, *system]).flatmap(lambda found: _comparison(*found))
    return st.recursive(
        st.one_of(leaf, leaf, _received, review, flag),
        lambda deeper: st.one_of(
            st.builds(Not, deeper),
            st.lists(deeper, min_size=2, max_size=3).map(lambda terms: And(tuple(terms))),
            st.lists(deeper, min_size=2, max_size=3).map(lambda terms: Or(tuple(terms))),
        ),
        max_leaves=6,
    )
