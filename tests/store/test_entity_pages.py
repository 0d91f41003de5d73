"""A list is read a page at a time, newest first, and counted."""

from dataclasses import replace
from datetime import timedelta

from sync_server.core.ids import sha256_hex
from sync_server.node import Node
from sync_server.store.entities import StoredEntity, put_entities
from sync_server.store.entity_pages import count_lists, find_creator_ids, find_last_change, find_page
from tests.support.samples import NOON


def entity(number: int, *, minutes: int = 0) -> StoredEntity:
    return StoredEntity(
        project_id=1, list_name="forums", entity_id=sha256_hex(str(number).encode())[:32],
        number=10_000, label="x", is_served=True, is_deleted=False, has_conflict=False, is_waiting=False, data={},
        state={"events": ["e"]}, fingerprint="0" * 64, created_at=NOON + timedelta(minutes=minutes),
        updated_at=NOON + timedelta(minutes=minutes),
    )  # fmt: skip


def put(node: Node, *made: StoredEntity) -> None:
    node.write(lambda session: put_entities(session, made, touched=[]))


def read(node: Node, *, size: int, is_deleted: bool = False) -> list[StoredEntity]:
    found: list[StoredEntity] = []
    while True:
        after = (found[-1].created_at, found[-1].entity_id) if found else None
        with node.database.read() as session:
            page = find_page(session, 1, "forums", is_deleted=is_deleted, after=after, limit=size)
        assert len(page) <= size
        if not page:
            return found
        found += page


def test_pages_of_any_size_come_to_the_whole_newest_first(node: Node) -> None:
    put(node, *(entity(number, minutes=number // 3) for number in range(20)))  # three of each minute
    whole = read(node, size=100)
    places = [(each.created_at, each.entity_id) for each in whole]
    assert len(whole) == 20
    assert places == sorted(places, reverse=True)
    for size in (1, 2, 3, 7, 20):
        assert read(node, size=size) == whole


def test_what_was_deleted_is_apart_and_what_waits_is_in_neither(node: Node) -> None:
    gone = replace(entity(1), is_served=False, is_deleted=True, fingerprint="")
    put(node, entity(0), gone, replace(entity(2), is_served=False, is_waiting=True, fingerprint=""))
    assert read(node, size=10) == [entity(0)]
    assert read(node, size=10, is_deleted=True) == [gone]


def test_lists_are_counted(node: Node) -> None:
    put(
        node,
        entity(0),
        replace(entity(1, minutes=5), has_conflict=True, creator_id=7),
        replace(entity(2, minutes=9), is_served=False, is_deleted=True, fingerprint="", creator_id=8),
    )
    with node.database.read() as session:
        found = count_lists(session, 1, ["forums", "none"])
        assert (found["forums"].conflicts, found["forums"].newest) == (1, NOON + timedelta(minutes=5))
        assert (found["none"].conflicts, found["none"].newest) == (0, None)
        assert find_creator_ids(session, 1, "forums") == {7}
        assert find_last_change(session, 1, "forums") == NOON + timedelta(minutes=9)
        assert find_last_change(session, 1, "none") is None
