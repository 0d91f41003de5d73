"""Filters nobody thought of: random trees, and the text of each."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from sync_server.core.odata_filter import And, Comparison, Expression, Function, Literal, Not, Or, Property

OPERATORS = ("eq", "ne", "lt", "le", "gt", "ge")
PARTS = ("year", "month", "day", "hour", "minute", "second")
LITERAL_WORDS = ("not", "null", "true", "false")

names = st.from_regex(r"[a-zäéن_][a-zA-Z0-9ن_.\-]{0,8}", fullmatch=True)
paths = st.lists(names, min_size=1, max_size=3).map(tuple)
properties = st.builds(Property, paths, is_of_root=st.booleans()).filter(
    lambda property: property.is_of_root or str(property).lower() not in LITERAL_WORDS
)
moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC))
literals = st.one_of(
    st.just(Literal(None, "null")),
    st.integers(-(2**63), 2**63 - 1).map(lambda n: Literal(n, str(n))),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda n: Literal(n, repr(n))),
    st.text(max_size=8).map(lambda t: Literal(t, t)),
    st.dates().map(lambda d: Literal(d, d.isoformat())),
    moments.map(lambda m: Literal(m, m.isoformat())),
    st.times().map(lambda t: Literal(t, t.isoformat())),
    st.booleans().map(lambda b: Literal(b, str(b).lower())),
)
now = st.just(Function("now"))
functions = st.builds(Function, st.sampled_from(PARTS), properties | literals | now)
operands = st.one_of(properties, literals, functions, now)
comparisons = st.builds(Comparison, st.sampled_from(OPERATORS), operands, operands)
trees: st.SearchStrategy[Expression] = st.recursive(
    comparisons | properties,
    lambda deeper: st.one_of(
        st.builds(Not, deeper),
        st.builds(And, st.lists(deeper, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(deeper, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=12,
)


def written(tree: Expression) -> str:
    """Write a tree with no more parentheses than it needs."""
    match tree:
        case Literal(value=str() as text):
            return "'" + text.replace("'", "''") + "'"
        case Literal(text=text):
            return text
        case Function(name=name, argument=argument):
            return f"{name}({written(argument) if argument else ''})"
        case Comparison(operator=operator, left=left, right=right):
            return f"{written(left)} {operator} {written(right)}"
        case Not(term=term):
            return f"not {inside(term, And | Or)}"
        case And(terms=terms):
            return " and ".join(inside(term, And | Or) for term in terms)
        case Or(terms=terms):
            return " or ".join(inside(term, Or) for term in terms)
    return str(tree)


def inside(term: Expression, looser: object) -> str:
    return f"({written(term)})" if isinstance(term, looser) else written(term)  # type: ignore[arg-type]
