"""Which rows of a list somebody may have, as a tree without negation."""

import pytest

from sync_server.core.list_condition import (
    EVERYTHING,
    NOTHING,
    Condition,
    CreatedBy,
    NoneOf,
    OneOf,
    Ordered,
    all_of,
    any_of,
    asks_for_creator,
    holds,
    names_in,
)

HERE, OPEN = OneOf("adm2", ("IQG15Q01", "IQG15Q02")), NoneOf("status", ("closed",))


@pytest.mark.parametrize(
    ("condition", "values", "is_held"),
    [
        (HERE, {"adm2": "IQG15Q02"}, True),
        (HERE, {}, False),
        (OneOf("adm2", ("",)), {}, True),
        (OPEN, {"status": "closed"}, False),
        (OPEN, {}, True),
        (Ordered("since", "lt", "2017-06-01"), {"since": "2017-05-31"}, True),
        (Ordered("since", "lt", "2017-06-01"), {}, False),
        (Ordered("since", "ge", "2017-06-01"), {"since": "2017-06-01"}, True),
        (Ordered("since", "gt", "2017-06-01"), {"since": "2017-06-01"}, False),
        (Ordered("since", "le", "2017-06-01"), {"since": "2017-06-01"}, True),
        (CreatedBy(7), {}, True),
        (CreatedBy(8), {}, False),
        (CreatedBy(None), {}, False),
        (all_of(HERE, OPEN), {"adm2": "IQG15Q01", "status": "open"}, True),
        (all_of(HERE, OPEN), {"adm2": "IQG15Q01", "status": "closed"}, False),
        (any_of(HERE, OPEN), {"status": "open"}, True),
        (EVERYTHING, {}, True),
        (NOTHING, {}, False),
    ],
)
def test_a_condition_holds_of_an_entity(condition: Condition, values: dict[str, str], is_held: bool) -> None:
    assert holds(condition, values, 7) is is_held


def test_what_nobody_made_here_is_nobodys_own() -> None:
    assert not holds(CreatedBy(None), {}, None)


def test_conditions_are_joined_plainly() -> None:
    assert all_of(HERE, EVERYTHING) == HERE
    assert all_of(HERE, NOTHING) == NOTHING
    assert any_of(HERE, NOTHING, HERE) == HERE
    assert any_of(HERE, EVERYTHING) == EVERYTHING
    assert sorted(names_in(all_of(HERE, any_of(OPEN, CreatedBy(1))))) == ["adm2", "status"]
    assert asks_for_creator(all_of(HERE, any_of(OPEN, CreatedBy(1))))
    assert not asks_for_creator(all_of(HERE, OPEN))
