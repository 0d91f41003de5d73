"""The versions of an entity are its events in causal order, whichever way they came."""

from itertools import permutations

from sync_server.core.entity_event import CREATE, DELETE, SETTLE, UPDATE, EntityEvent
from sync_server.core.entity_fold import fold_entity
from sync_server.core.entity_history import find_changes, find_last_good, find_relevant, read_history
from sync_server.core.entity_number import make_number

CREATED = EntityEvent(id="c", kind=CREATE, values={"label": "Well", "status": "open"}, source="s1")
BORN = make_number([CREATED])


def update(id: str, branch: str, number: int = 0, /, **values: str) -> EntityEvent:
    """The update after `number` others of a tablet's branch."""
    return EntityEvent(id=id, kind=UPDATE, values=values, base=BORN + number, trunk=BORN, branch=branch, source=id)


def by_office(id: str, kind: str, *sees: EntityEvent, **values: str) -> EntityEvent:
    return EntityEvent(id=id, kind=kind, values=values, parents=frozenset(event.id for event in sees))


CLOSED, SECOND = update("u", "one", status="closed"), update("w", "one", 1, place="Sinjar")
DRY = update("v", "two", status="dry")
SETTLED = by_office("s", SETTLE, CREATED, CLOSED, DRY, status="dry")


def test_each_has_a_number_and_what_the_entity_was_then() -> None:
    one, two, three = read_history([SECOND, CLOSED, CREATED], {})
    assert [each.event for each in (one, two, three)] == [CREATED, CLOSED, SECOND]
    assert (one.base, two.base, three.base) == (None, one.number, two.number)
    assert one.number < two.number < three.number == fold_entity([CREATED, CLOSED, SECOND]).number
    assert three.values == fold_entity([CREATED, CLOSED, SECOND]).values
    assert (two.base_diff, two.server_diff, three.server_diff) == (("status",), ("status",), ("place",))
    assert not any(each.is_parallel or each.conflicting for each in (one, two, three))


def test_they_are_the_same_in_every_order_of_arrival() -> None:
    events = (CREATED, CLOSED, SECOND, DRY, SETTLED)
    (first,) = {str(read_history(order, {})) for order in permutations(events)}
    assert first == str(read_history(events, {}))


def test_the_later_of_two_that_disagree_is_in_conflict_until_it_is_settled() -> None:
    history = read_history([CREATED, CLOSED, DRY], {})
    assert [each.conflicting for each in history] == [(), (), ("status",)]
    assert [each.is_parallel for each in history] == [False, False, True]
    assert history[2].base == BORN
    assert (find_last_good(history), find_relevant(history)) == (1, {0, 1, 2})
    settled = read_history([CREATED, CLOSED, DRY, SETTLED], {})
    assert (settled[3].unsettled, find_last_good(settled), find_relevant(settled)) == (frozenset(), 3, set())
    assert settled[3].values["status"] == "dry"


def test_parallel_changes_of_different_properties_are_no_conflict() -> None:
    *_, last = read_history([CREATED, CLOSED, update("v", "two", place="Sinjar")], {})
    assert (last.is_parallel, last.conflicting) == (True, ())
    assert last.server_diff == ("place",)


def test_what_was_deleted_is_a_version_in_which_nothing_changes() -> None:
    deleted = by_office("d", DELETE, CREATED)
    one, two = read_history([CREATED, deleted], {})
    assert (two.values, two.server_diff, two.number) == (one.values, (), make_number([CREATED, deleted]))


def test_what_may_not_be_shown_is_in_no_difference() -> None:
    history = read_history([CREATED, CLOSED, SECOND], {})
    assert list(find_changes(history, {"status", "label"})) == [[("status", "open", "closed")], []]
    assert list(find_changes(history, {"place"})) == [[], [("place", None, "Sinjar")]]
