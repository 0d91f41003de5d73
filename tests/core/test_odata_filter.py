"""A `$filter` becomes the tree it says, whatever names the form has; what is not supported is said."""

from datetime import UTC, date, datetime, time

import pytest

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
        ("year(a, b) eq 1", "year("), ("year() eq 1", "year("), ("a eq not b", "b"),
        ("a eq 9999-12-31T23:59:59-03:00", "9999-12-31T23:59:59-03:00"), ("a eq -b", "-b"),
        ("a eq 1 ; drop table x", "; drop table x"),
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
        ("a add 1 eq 2", "add"), ("a eq b mod 2", "mod"), ("a/any(x: x eq 1)", "any()"),
        ("a eq b eq c", "(… eq …) eq …"), ("(a eq 1) eq true", "(… eq …) eq …"), ("1", "1"),
        ("year(month(a)) eq 1", "year(month())"), ("a eq 01234567-89ab-cdef-0123-456789abcdef", "guid"),
    ],
)  # fmt: skip
def test_what_odata_has_and_this_server_has_not_is_said(text: str, feature: str) -> None:
    with pytest.raises(FilterNotSupported) as caught:
        parse_filter(text)
    assert caught.value.details["feature"] == feature
    assert caught.value.code == "501.4"


def test_long_chain_is_flat() -> None:
    parsed = parse_filter("a eq 1 or " * 1000 + "b eq 2")
    assert parsed == Or((A_IS_1,) * 1000 + (B_IS_2,))
