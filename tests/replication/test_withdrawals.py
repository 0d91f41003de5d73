"""What left a hub's scope is removed there, the centre hears that it was, and neither forgets it."""

from pathlib import Path

import pytest

from sync_server.core.roles import PEER, PEER_UP
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.services.edit_entities import settle_entity
from sync_server.store import peer_subjects
from sync_server.store.peer_subjects import Withdrawal
from tests.replication.test_decided_entities import NORTH, WELLS, are_equal, change, decided, forum, holds_anything_of
from tests.replication.test_decided_entities import centre as centre
from tests.replication.test_restored import older, save
from tests.support.paired_nodes import held, pair, set_scope, sync
from tests.support.samples import publish_visit, send, visit
from tests.support.wells import WELL, shown, update, well


def orders(centre: Node, hub: Node) -> list[Withdrawal]:
    with centre.database.read() as session:
        return peer_subjects.iter_withdrawals(session, hub.id)


def test_the_centre_hears_what_a_hub_removed(hub: Node, centre: Node) -> None:
    publish_visit(centre)
    pair(hub, centre, role=PEER, rows="place eq 'Bartella'")
    send(centre, visit("one", place="Bartella"))
    sync(hub, centre)
    send(centre, visit("two", place="Karamles", deprecates="one"))
    sync(hub, centre)
    (order,) = orders(centre, hub)
    assert order.done_at is not None
    assert order.receipt == {"versions": 1, "receipts": 1, "files": 0}


@pytest.mark.parametrize("rows", [NORTH.rows, None])
def test_the_centre_hears_it_also_when_it_asks_first(hub: Node, centre: Node, rows: str | None) -> None:
    pair(hub, centre, role=PEER, rows=NORTH.rows)
    id = forum(centre, "Bardarash", "NORTH")
    sync(hub, centre)
    change(centre, id, adm2="SOUTH")
    set_scope(centre, hub.id, Grant(PEER, 1, rows=rows))
    sync(hub, centre)
    set_scope(centre, hub.id, Grant(PEER_UP, 1))
    sync(hub, centre, rounds=2)
    assert all(order.done_at is not None for order in orders(centre, hub))
    assert not holds_anything_of(hub, id)


def test_what_a_hub_decides_about_what_it_had_to_remove_is_taken_and_removed_as_well(hub: Node, centre: Node) -> None:
    """Its own updates, which stay there, still show a conflict that somebody settles."""
    pair(hub, centre, role=PEER)
    send(centre, well("a"))
    change(centre, WELL, WELLS, label="Sinjar")
    sync(hub, centre)
    base = shown(hub)[WELL].number
    send(hub, well("b", update(base, "one"), state="dry"))
    send(hub, well("c", update(base, "two"), state="closed"))
    sync(hub, centre)
    set_scope(centre, hub.id, Grant(PEER_UP, 1))
    sync(hub, centre)
    assert not decided(hub, WELL)
    settle_entity(hub, WELLS, WELL, {"status": "dry"}, is_forced=True)
    sync(hub, centre, rounds=2)
    assert not decided(hub, WELL)
    assert len(decided(centre, WELL)) == 2
    assert are_equal(hub, centre)


def test_a_hub_that_was_restored_to_before_it_removed_something_removes_it_again(
    hub: Node, centre: Node, tmp_path: Path
) -> None:
    publish_visit(centre)
    pair(hub, centre, role=PEER, rows="place eq 'Bartella'")
    set_scope(centre, hub.id, Grant(PEER, 1, rows="place eq 'Bartella'"), NORTH)
    id = forum(centre, "Bardarash", "NORTH")
    send(centre, visit("one", place="Bartella"))
    sync(hub, centre)
    backup = save(hub, tmp_path / "backups")
    change(centre, id, adm2="SOUTH")
    send(centre, visit("two", place="Karamles", deprecates="one"))
    sync(hub, centre)
    assert held(hub).versions == set()
    with older(hub, backup, tmp_path) as again:
        assert holds_anything_of(again, id)
        sync(again, centre, rounds=2)
        assert held(again).versions == set()
        assert not holds_anything_of(again, id)
        assert are_equal(again, centre)
