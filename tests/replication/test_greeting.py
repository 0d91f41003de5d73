"""How a round begins: what each end says of itself and notes of the other; on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync_server.core.peer_places import PeerPlace, PeerScope
from sync_server.core.roles import PEER
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.peer_errors import IdentityRenewed, PeerAway, PeerRevoked, PeerStopped
from sync_server.replication.greeting import introduce, meet
from sync_server.replication.peer import Greeting, Place
from sync_server.services.pair_nodes import revoke_peer, set_peer_scope
from sync_server.services.peer_tickets import note_stopped
from sync_server.services.projects import add_project
from sync_server.services.renew_identity import renew_identity
from sync_server.settings import Settings
from sync_server.store import assignments, changes, nodes, peer_cursors, shared_projects
from tests.support.by_code import EVERYTHING, only_up, pair, peer_at, rows_of
from tests.support.new_folder import new_folder

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Node]:
    with Node.open(Settings(data=new_folder(tmp_path / "centre"), node_name="Erbil", min_free_bytes=0)) as node:
        yield node


def exchange(centre: Node, hub: Node) -> tuple[Greeting, Greeting]:
    """Greet as a round does; return what the centre and then the hub answered."""
    of_centre = meet(centre, hub.id, introduce(hub, peer_at(hub, centre)))
    return of_centre, meet(hub, centre.id, of_centre)


def start_epoch(node: Node, epoch: str) -> None:
    node.write(lambda session: nodes.start_epoch(session, new_id=lambda: epoch))


def head_of(node: Node) -> int:
    with node.database.read() as session:
        return changes.head(session)


def granted(hub: Node, centre: Node) -> tuple[Grant, ...]:
    with hub.database.read() as session:
        return assignments.find_grants(session, peer_at(hub, centre).actor_id)


def test_both_ends_say_how_far_they_are_and_what_is_shared(node: Node, hub: Node) -> None:
    pair(node, hub, only_up())
    first = introduce(hub, peer_at(hub, node))
    assert (first.node, first.scope_hash, first.taken_epoch, first.taken_seq, first.places) == (
        hub.id,
        "",
        None,
        None,
        (),
    )
    of_centre, of_hub = exchange(node, hub)
    assert (of_centre.node, of_centre.head) == (node.id, head_of(node))
    assert [(p.title, p.forms) for p in of_centre.places] == [("Community Policing Forums", None)]
    assert len(of_centre.scope_hash) == 16
    assert of_hub.scope_hash == of_centre.scope_hash
    assert introduce(hub, peer_at(hub, node)).scope_hash == of_centre.scope_hash


def test_what_was_taken_is_said_under_the_scope_in_force(node: Node, hub: Node) -> None:
    pair(node, hub)
    of_centre, _ = exchange(node, hub)
    at_hub = of_centre.scope_hash
    hub.write(lambda s: peer_cursors.move_cursor(s, node.id, of_centre.epoch, at_hub, of_centre.head, NOW))
    of_hub = introduce(hub, peer_at(hub, node))
    assert (of_hub.taken_epoch, of_hub.taken_seq) == (of_centre.epoch, of_centre.head)
    set_peer_scope(node, None, "Sinjar office", only_up())
    _, of_hub = exchange(node, hub)
    assert (of_hub.taken_epoch, of_hub.taken_seq) == (None, None)


def test_a_cursor_never_moves_back(node: Node, hub: Node) -> None:
    pair(node, hub)
    for seq in (5, 9, 3):
        node.write(lambda session, seq=seq: peer_cursors.move_cursor(session, hub.id, "e1", "s1", seq, NOW))
    with node.database.read() as session:
        assert peer_cursors.get_cursor(session, hub.id, "e1", "s1") == 9
        assert peer_cursors.get_cursor(session, hub.id, "e1", "s2") is None
        assert peer_cursors.find_furthest(session, hub.id, "e1") == 9


def test_who_was_seen_when_is_noted(node: Node, hub: Node) -> None:
    pair(node, hub)
    said = introduce(hub, peer_at(hub, node))
    meet(node, hub.id, replace(said, clock=said.clock + timedelta(hours=3), program="9.9"))
    noted = peer_at(node, hub)
    assert noted.seen_at is not None
    assert noted.clock_offset_seconds == pytest.approx(10_800, abs=120)
    assert noted.program == "9.9"


def test_a_new_epoch_is_noted_with_how_far_this_end_was_then(node: Node, hub: Node) -> None:
    pair(node, hub)
    exchange(node, hub)
    first = peer_at(node, hub)
    assert (len(first.epochs), first.echo_floor) == (1, head_of(node))
    add_project(node, None, "Later")
    exchange(node, hub)
    assert peer_at(node, hub).echo_floor == first.echo_floor
    start_epoch(hub, "e2")
    exchange(node, hub)
    assert peer_at(node, hub).epochs == (*first.epochs, "e2")
    assert peer_at(node, hub).echo_floor == head_of(node) > first.echo_floor


def test_a_machine_of_before_a_restore_is_stopped(node: Node, hub: Node) -> None:
    pair(node, hub)
    old = introduce(hub, peer_at(hub, node))
    meet(node, hub.id, old)
    start_epoch(hub, "e2")
    exchange(node, hub)
    with pytest.raises(PeerStopped):
        meet(node, hub.id, old)
    assert peer_at(node, hub).is_active
    assert peer_at(node, hub).state_reason
    exchange(node, hub)


def test_a_feed_that_is_shorter_than_what_was_taken_of_it_is_a_copys(node: Node, hub: Node) -> None:
    pair(node, hub)
    said = introduce(hub, peer_at(hub, node))
    meet(node, hub.id, said)
    node.write(lambda s: peer_cursors.move_cursor(s, hub.id, said.epoch, "s1", said.head, NOW))
    meet(node, hub.id, said)
    with pytest.raises(PeerStopped):
        meet(node, hub.id, replace(said, head=said.head - 1))


def test_an_older_copy_of_the_centre_is_waited_out(centre: Node, hub: Node) -> None:
    pair(centre, hub)
    of_centre, _ = exchange(centre, hub)
    start_epoch(centre, "c2")
    exchange(centre, hub)
    for wrong in (of_centre, replace(of_centre, node="f" * 32)):
        with pytest.raises(PeerAway):
            meet(hub, centre.id, wrong)
    assert peer_at(hub, centre).is_active
    assert peer_at(hub, centre).state_reason == ""


def test_a_hub_takes_over_forms_and_new_projects(centre: Node, hub: Node) -> None:
    pair(centre, hub)
    of_centre, _ = exchange(centre, hub)
    (place,) = of_centre.places
    narrowed = replace(of_centre, places=(replace(place, forms=("a", "b")), Place(project="e" * 32, title="New")))
    meet(hub, centre.id, narrowed)
    assert granted(hub, centre) == (Grant(PEER, 1, "a"), Grant(PEER, 1, "b"), Grant(PEER, 2))
    with hub.database.read() as session:
        added = shared_projects.find_by_uid(session, "e" * 32)
    assert added is not None
    assert (added.title, added.home) == ("New", centre.id)
    before = head_of(hub)
    meet(hub, centre.id, narrowed)
    assert head_of(hub) == before, "the same again is no news"
    meet(hub, centre.id, of_centre)
    assert granted(hub, centre) == (Grant(PEER, 1),)


def test_a_centre_cannot_take_a_project_that_the_hub_leads(centre: Node, hub: Node) -> None:
    pair(centre, hub)
    own = add_project(hub, None, "Own")
    with hub.database.read() as session:
        known = shared_projects.find_by_number(session, own.id)
    assert known is not None
    of_centre, _ = exchange(centre, hub)
    meet(hub, centre.id, replace(of_centre, places=(*of_centre.places, Place(project=known.uid, title="x"))))
    assert granted(hub, centre) == (Grant(PEER, 1),)
    with hub.database.read() as session:
        assert shared_projects.find_by_number(session, own.id) == known


def test_the_scopes_word_is_of_what_is_granted_and_not_of_local_numbers(centre: Node, hub: Node, node: Node) -> None:
    def word(scope: PeerScope) -> str:
        set_peer_scope(centre, None, "Sinjar office", scope)
        return introduce(centre, peer_at(centre, hub)).scope_hash

    pair(centre, hub)
    words = {word(scope) for scope in (EVERYTHING, only_up(), rows_of("a eq 'b'"), rows_of("a eq 'c'"))}
    assert len(words) == 4
    assert word(PeerScope((PeerPlace(project_id=1, role=PEER), PeerPlace(project_id=1, role=PEER)))) == word(EVERYTHING)


def test_ended_and_stopped_pairings_are_refused(centre: Node, hub: Node) -> None:
    pair(centre, hub)
    said = introduce(hub, peer_at(hub, centre))
    revoke_peer(centre, None, "Sinjar office")
    with pytest.raises(PeerRevoked):
        meet(centre, hub.id, said)
    note_stopped(hub, centre.id)
    with pytest.raises(PeerStopped):
        introduce(hub, peer_at(hub, centre))


def test_a_server_that_runs_on_under_its_former_identity_is_held_up(centre: Node, hub: Node) -> None:
    pair(centre, hub)
    at_hub = peer_at(hub, centre)
    renew_identity(hub, None)
    with pytest.raises(IdentityRenewed):
        introduce(hub, at_hub)
