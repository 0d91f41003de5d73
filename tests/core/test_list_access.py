"""Rules for who gets which entities: what they mean, and what is no rule."""

from typing import Any

import pytest

from sync_server.core.list_access import Holder, check_access, hidden_by, is_shared, rows_for
from sync_server.core.list_condition import EVERYTHING, NOTHING, CreatedBy, holds
from sync_server.core.list_tags import check_tags, tag_properties
from sync_server.errors import FilterNotSupported, FilterUnreadable, Problem, UnexpectedValue

PROPERTIES = ("adm2", "forum_id", "status", "since")
HOLDER = Holder(7, {"district": "IQG15Q01 IQG15Q02", "forum": "North East", "nothing": " "})
OWN_DISTRICTS = {"type": "property", "rules": [{"datasetProperty": "adm2", "actorProperty": "district"}]}


def a_filter(text: str) -> dict[str, Any]:
    return {"type": "filter", "filter": text}


def gets(access: dict[str, Any] | None, **values: str) -> bool:
    return holds(rows_for(access, HOLDER, PROPERTIES), values, 9)


@pytest.mark.parametrize(
    ("access", "values", "is_theirs"),
    [
        (None, {}, True),
        ({"hidden": ["status"]}, {}, True),
        (OWN_DISTRICTS, {"adm2": "IQG15Q02"}, True),
        (OWN_DISTRICTS, {"adm2": "IQG15Q03"}, False),
        (OWN_DISTRICTS, {}, False),
        ({"type": "property", "rules": [{"datasetProperty": "forum_id", "actorProperty": "forum"}]},
         {"forum_id": "North East"}, True),
        ({"type": "property", "rules": [{"datasetProperty": "adm2", "actorProperty": "nothing"}]}, {}, False),
        (a_filter("adm2 eq $actor/district and status ne 'closed'"), {"adm2": "IQG15Q01"}, True),
        (a_filter("adm2 eq $actor/district and status ne 'closed'"), {"adm2": "IQG15Q01", "status": "closed"}, False),
        (a_filter("adm2 eq $actor/district or adm2 eq null"), {}, True),
        (a_filter("$actor/district eq adm2"), {"adm2": "IQG15Q01"}, True),
        (a_filter("adm2 ne $actor/unknown"), {"adm2": "IQG15Q01"}, False),
        (a_filter("not (adm2 eq $actor/unknown)"), {"adm2": "IQG15Q01"}, False),
        (a_filter("adm2 eq $actor/unknown or status eq 'open'"), {"status": "open"}, True),
        (a_filter("since ge 2017-06-01"), {"since": "2017-06-02"}, True),
        (a_filter("'2017-06-01' le since"), {"since": "2017-05-02"}, False),
        (a_filter("not (since lt '2017-06-01')"), {}, False),
        (a_filter("status eq 5"), {"status": "5"}, True),
        (a_filter("label eq 'Bardarash'"), {"label": "Bardarash"}, False),  # no property of this list
        ({"type": "of a newer server"}, {}, False),
    ],
)  # fmt: skip
def test_a_rule_says_who_gets_what(access: dict[str, Any] | None, values: dict[str, str], is_theirs: bool) -> None:
    assert gets(access, **values) is is_theirs


def test_owner_only_is_what_somebody_made() -> None:
    assert rows_for({"type": "ownerOnly"}, HOLDER, PROPERTIES) == CreatedBy(7)
    assert rows_for(None, HOLDER, PROPERTIES) == EVERYTHING
    assert rows_for(a_filter("gone eq 'x'"), HOLDER, PROPERTIES) == NOTHING


@pytest.mark.parametrize(
    ("access", "problem", "said"),
    [
        ({"type": "all"}, UnexpectedValue, "its type is"),
        ({"type": ["property"]}, UnexpectedValue, "its type is"),
        ({"type": "ownerOnly", "rules": []}, UnexpectedValue, "says no such thing"),
        ({"rule": "x"}, UnexpectedValue, "says no such thing"),
        ({"shared": "yes"}, UnexpectedValue, "true or false"),
        ({"hidden": ["names"]}, UnexpectedValue, "'hidden' is a list"),
        ({"hidden": "status"}, UnexpectedValue, "'hidden' is a list"),
        ({"type": "property"}, UnexpectedValue, "one at least"),
        ({"type": "property", "rules": []}, UnexpectedValue, "one at least"),
        ({"type": "property", "rules": [5]}, UnexpectedValue, "each rule says"),
        ({"type": "property", "rules": [{"datasetProperty": "adm2"}]}, UnexpectedValue, "each rule says"),
        ({"type": "property", "rules": [{"datasetProperty": "x", "actorProperty": "y"}]}, UnexpectedValue, "no such"),
        ({"type": "filter"}, UnexpectedValue, "is a text"),
        (a_filter("gone eq 'x'"), UnexpectedValue, "no such property"),
        (a_filter("adm2 eq"), FilterUnreadable, "could not be read"),
        (a_filter("adm2"), FilterNotSupported, "adm2"),
        (a_filter("adm2 eq forum_id"), FilterNotSupported, "forum_id"),
        (a_filter("'a' eq 'a'"), FilterNotSupported, "eq"),
        (a_filter("$actor/a eq $actor/b"), FilterNotSupported, "eq"),
        (a_filter("adm2 lt 5"), FilterNotSupported, "lt 5"),
        (a_filter("adm2 lt $actor/district"), FilterNotSupported, "district"),
        (a_filter("since lt now()"), FilterNotSupported, "now"),
        (a_filter("year(since) eq 2017"), FilterNotSupported, "eq"),
    ],
)
def test_what_is_no_rule_is_refused_and_lets_nothing_through(
    access: dict[str, Any], problem: type[Problem], said: str
) -> None:
    with pytest.raises(problem, match=said.replace("(", r"\(")):
        check_access(access, PROPERTIES)


def test_what_is_a_rule_is_taken() -> None:
    for access in (None, {}, {"type": "ownerOnly"}, OWN_DISTRICTS, a_filter("label ne 'x'"), {"shared": True}):
        check_access(access, PROPERTIES)
    assert hidden_by({"hidden": ["status"]}) == {"status"}
    assert (hidden_by(None), is_shared(None), is_shared({"shared": True})) == (frozenset(), False, True)


def test_the_first_of_two_properties_with_one_tag_counts() -> None:
    assert tag_properties(("b", "a"), {"a": "#adm2+code", "b": "#adm2+code"}, {}) == {"#adm2+code": "a"}
    assert tag_properties(("adm2", "b"), {"b": "#adm2+code"}, {}) == {"#adm2+code": "b"}


@pytest.mark.parametrize("tags", [{"gone": "#adm2+code"}, {"adm2": "adm2"}, {"adm2": 5}, ["adm2"]])
def test_what_is_no_tag_is_refused(tags: Any) -> None:
    with pytest.raises(UnexpectedValue):
        check_tags(tags, PROPERTIES)
