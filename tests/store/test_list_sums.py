"""What a scope of a list comes to is remembered until the list changes, and for no other scope."""

from dataclasses import replace

from sync_server.core.entity_digest import RowSum
from sync_server.core.list_condition import EVERYTHING, CreatedBy, OneOf
from sync_server.store.entities import EntityList
from sync_server.store.list_sums import LARGEST, ListSums

WELLS = EntityList(project_id=1, name="wells", properties=("adm2",), rules={})
HERE, THERE = OneOf("adm2", ("here",)), OneOf("adm2", ("there",))


def test_it_is_added_up_once_for_each_scope_and_state_of_the_list() -> None:
    sums = ListSums()
    asked: list[str] = []

    def add_up() -> RowSum:
        asked.append("again")
        return RowSum(len(asked))

    assert sums.get(WELLS, HERE, add_up).count == 1
    assert sums.get(WELLS, HERE, add_up).count == 1
    assert sums.get(WELLS, THERE, add_up).count == 2
    assert sums.get(replace(WELLS, name="forums"), HERE, add_up).count == 3
    assert sums.get(replace(WELLS, project_id=2), HERE, add_up).count == 4
    changed = replace(WELLS, digest="1" * 64)
    assert sums.find(changed, HERE) is None
    assert sums.get(changed, HERE, add_up).count == 5
    assert len(asked) == 5


def test_a_scope_by_owner_is_added_up_again_when_an_owner_is_another() -> None:
    sums = ListSums()
    for rows in (CreatedBy(7), EVERYTHING):
        sums.put(WELLS, rows, RowSum(1))
    changed = replace(WELLS, owners="1" * 64)
    assert sums.find(changed, CreatedBy(7)) is None
    assert sums.find(changed, EVERYTHING) is not None


def test_it_does_not_grow_without_end() -> None:
    sums = ListSums()
    for number in range(LARGEST + 10):
        sums.put(WELLS, CreatedBy(number), RowSum(number))
    assert len(sums._known) <= LARGEST
    assert sums.find(WELLS, CreatedBy(LARGEST + 9)) is not None
