"""A `$filter` becomes the tree it says, whatever names the form has; what is not supported is said."""

from contextlib import suppress
from datetime import UTC, date, datetime, time

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
    parse_property,
    properties_of,
)
from sync_server.errors import FilterNotSupported, FilterUnreadable

RECEIVED = Property(("__system", "submissionDate"))
A, B = Property(("a",)), Property(("b",))


def compared(operator: str, value: object, text: str, left: Expression = A) -> Comparison:
    return Comparison(operator, left, Literal(value, text))  # type: ignore[arg-type]


A_IS_1, B_IS_2 = compared("eq", 1, "1"), compared("eq", 2, "2", B)


@pytest.mark.parametrize(
    "text, tree",
    [
        ("a eq 1", A_IS_1),
        ("  a EQ 1 ", A_IS_1),
        ("a eq null", compared("eq", None, "null")),
        ("not a eq null", Not(compared("eq", None, "null"))),
        ("not (a eq 1) and b eq 2", And((Not(A_IS_1), B_IS_2))),
        ("not(a eq 1 and b eq 2)", Not(And((A_IS_1, B_IS_2)))),
        ("not not a eq 1 or b eq 2", Or((Not(Not(A_IS_1)), B_IS_2))),
        ("(a eq 1)and(b eq 2)", And((A_IS_1, B_IS_2))),
        ("a eq 1 or b eq 2 and a eq 1", Or((A_IS_1, And((B_IS_2, A_IS_1))))),
        ("(a eq 1 or b eq 2) and a eq 1", And((Or((A_IS_1, B_IS_2)), A_IS_1))),
        ("a", A),
        ("year(__system/submissionDate) lt year(now())",
         Comparison("lt", Function("year", RECEIVED), Function("year", Function("now")))),
        ("YEAR(a) eq 1", compared("eq", 1, "1", Function("year", A))),
    ],
)  # fmt: skip
def test_filter_means_what_it_says(text: str, tree: Expression) -> None:
    assert parse_filter(text) == tree


@pytest.mark.parametrize(
    "text, value",
    [
        ("2026-02-01", date(2026, 2, 1)),
        ("2026-02-01T00:00:00.000Z", datetime(2026, 2, 1, tzinfo=UTC)),
        ("2026-02-01T01:30:00+03:00", datetime(2026, 1, 31, 22, 30, tzinfo=UTC)),
        ("2026-02-01T00:00", datetime(2026, 2, 1, tzinfo=UTC)),
        ("12:30:15", time(12, 30, 15)),
        ("'it''s (not) and or'", "it's (not) and or"),
        ("''", ""),
        ("-5", -5),
        ("2.5", 2.5),
        ("1e3", 1000.0),
        ("true", True),
        ("99999999999999999999", 1e20),
    ],
)
def test_literal_has_its_type(text: str, value: object) -> None:
    parsed = parse_filter(f"a eq {text}")
    assert isinstance(parsed, Comparison)
    assert isinstance(parsed.right, Literal)
    assert parsed.right.value == value
    assert type(parsed.right.value) is type(value)


def test_plus_that_arrives_as_a_space_is_a_plus() -> None:
    assert parse_filter("a eq 2026-02-01T01:30:00 03:00") == parse_filter("a eq 2026-02-01T01:30:00+03:00")


@pytest.mark.parametrize(
    "name",
    ["nullable", "allergy", "any", "all", "android", "notes", "in/or/not", "my-field", "v1.2", "ناو", "größe/être",
     "meeting/place", "$root/Submissions/meeting/all", "__system/reviewState", "__Submissions-id", "p0", "x" * 300],
)  # fmt: skip
def test_every_name_of_a_question_can_be_used(name: str) -> None:
    assert parse_filter(f"{name} eq 1 and not {name} eq 1") == And(
        (compared("eq", 1, "1", parse_property(name)), Not(compared("eq", 1, "1", parse_property(name))))
    )


def test_root_prefix_names_a_column_of_the_root_table() -> None:
    parsed = parse_filter("$root/Submissions/__system/submissionDate ge 2026-01-01")
    assert list(properties_of(parsed)) == [Property(("__system", "submissionDate"), is_of_root=True)]
    assert str(Property(("g", "a"), is_of_root=True)) == "$root/Submissions/g/a"


@pytest.mark.parametrize(
    "text, near",
    [
        ("", ""), ("a eq", "eq"), ("a b", "b"), ("a eq 1 and", "and"), ("(a eq 1", "1"), ("a eq 1)", ")"),
        ("a eq 'x", "'x"), ("a eq 2026-02-31", "2026-02-31"), ("a eq 1 && b", "&& b"), ("a eq $it", "$it"),
        ("year(a, b) eq 1", "year("), ("a eq 1 ; drop table x", "; drop table x"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_shown(text: str, near: str) -> None:
    with pytest.raises(FilterUnreadable) as caught:
        parse_filter(text)
    assert caught.value.details["near"] == near
    assert caught.value.code == "400.18"


@pytest.mark.parametrize(
    "text, feature",
    [
        ("contains(a, 'x')", "contains()"), ("shout(a) eq 1", "shout()"), ("a in (1, 2)", "in"), ("now()", "now()"),
        ("a add 1 eq 2", "add"), ("(a eq 1) eq true", "(… eq …) eq …"), ("1", "1"),
        ("year(month(a)) eq 1", "year(month())"), ("a eq 01234567-89ab-cdef-0123-456789abcdef", "guid"),
    ],
)  # fmt: skip
def test_what_odata_has_and_this_server_has_not_is_said(text: str, feature: str) -> None:
    with pytest.raises(FilterNotSupported) as caught:
        parse_filter(text)
    assert caught.value.details["feature"] == feature
    assert caught.value.code == "501.4"


@pytest.mark.parametrize("text", ["(" * 60 + "a eq 1" + ")" * 60, "not " * 60 + "a", "a eq 1 or " * 3000 + "a eq 1"])
def test_deep_or_long_filter_is_refused_and_does_not_break_the_server(text: str) -> None:
    with pytest.raises(FilterUnreadable):
        parse_filter(text)


def test_long_chain_is_flat() -> None:
    parsed = parse_filter("a eq 1 or " * 1000 + "b eq 2")
    assert parsed == Or((A_IS_1,) * 1000 + (B_IS_2,))


@given(
    st.lists(
        st.sampled_from(
            [
                "a",
                "eq",
                "not",
                "and",
                "or",
                "(",
                ")",
                ",",
                " ",
                "'",
                "1",
                "-",
                ":",
                "/",
                "$",
                "year",
                "é",
                "2026-01-31",
                "T08:00",
            ]
        ),
        max_size=30,
    ).map("".join)
)
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    with suppress(FilterUnreadable, FilterNotSupported):
        parse_filter(text)


names = st.from_regex(r"[a-zäé_][a-z0-9_.\-]{0,8}", fullmatch=True)
# A name alone in the place of an operand may also be a word of the language.
properties = st.lists(names, min_size=2, max_size=3).map(lambda path: Property(tuple(path)))
literals = st.one_of(
    st.none().map(lambda _: Literal(None, "null")),
    st.integers(-(2**63), 2**63 - 1).map(lambda n: Literal(n, str(n))),
    st.text(st.characters(codec="utf-8"), max_size=8).map(lambda t: Literal(t, t)),
    st.dates(date(1000, 1, 1)).map(lambda d: Literal(d, d.isoformat())),
    st.booleans().map(lambda b: Literal(b, str(b).lower())),
)
functions = st.builds(Function, st.sampled_from(["year", "month", "day", "hour", "minute", "second"]), properties)
operands = st.one_of(properties, literals, functions, st.just(Function("now")))
comparisons = st.builds(Comparison, st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]), operands, operands)
trees: st.SearchStrategy[Expression] = st.recursive(
    comparisons,
    lambda deeper: st.one_of(
        st.builds(Not, deeper),
        st.lists(deeper, min_size=2, max_size=3).map(lambda terms: And(tuple(terms))),
        st.lists(deeper, min_size=2, max_size=3).map(lambda terms: Or(tuple(terms))),
    ),
    max_leaves=12,
)


def written(tree: Expression) -> str:
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
            return f"not ({written(term)})"
        case And(terms=terms):
            return " and ".join(f"({written(term)})" if isinstance(term, Or) else written(term) for term in terms)
        case Or(terms=terms):
            return " or ".join(map(written, terms))
    return str(tree)


def flat(tree: Expression) -> Expression:
    """`a or (b or c)` is written without its parentheses, and so read as one."""
    match tree:
        case Not(term=term):
            return Not(flat(term))
        case And(terms=terms) | Or(terms=terms):
            kind = type(tree)
            inner = [flat(term) for term in terms]
            return kind(tuple(t for term in inner for t in (term.terms if type(term) is kind else (term,))))
    return tree


@given(trees)
def test_every_tree_comes_back_from_its_text(tree: Expression) -> None:
    assert flat(parse_filter(written(tree))) == flat(tree)
