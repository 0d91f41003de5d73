"""How a round begins: each end says of itself what the other needs to go on, and notes what the other said.

A new epoch of the other's feed is noted with how far ours is at that moment: up to there the other may have lost what
it once sent us, so it is offered again. A hub takes over from its centre which projects and forms they share.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from sync_server.core.pairing import SharedPlace
from sync_server.node import Node
from sync_server.peer_errors import IdentityRenewed, PairingEnded, PeerAway, PeerRevoked, PeerStopped
from sync_server.replication.peer import Greeting, Place
from sync_server.services.accept_pairing import add_place
from sync_server.services.audit import noted
from sync_server.services.office_overview import name_node
from sync_server.services.peer_grants import grants_for_centre, put_scope
from sync_server.services.peer_scope_hash import places_of, scope_hash_of
from sync_server.services.peer_tickets import note_copy
from sync_server.services.program import program_version
from sync_server.store import awaited_files, changes, nodes, peer_cursors, peer_rounds, peers, shared_projects
from sync_server.store.peers import PeerNode, change_peer, get_peer, lock_peer

log = logging.getLogger(__name__)

Heard = Callable[[PeerNode, datetime, datetime], dict[str, Any]]
"""From a peer, its clock and ours: what to note of when it was heard."""

LONGEST_PROGRAM = 100
_OLDER_COPY = "an older copy of it answers at its address"


def require_active(node: Node, peer_id: str) -> PeerNode:
    """Return a peer with which this node still exchanges anything; raise PeerStopped or PairingEnded for another."""
    with node.database.read() as session:
        peer = get_peer(session, peer_id)
    if peer.state == peers.STOPPED:
        raise PeerStopped
    if not peer.is_active:
        raise PairingEnded(name=peer.name)
    return peer


def introduce(node: Node, peer: PeerNode) -> Greeting:
    """Say of this node what the peer needs to begin a round; raise PeerRevoked or PeerStopped when there is none."""
    _require_going_on(peer)
    with node.database.read() as session:
        if nodes.get_id(session) != node.id:
            raise IdentityRenewed
        scope_hash, epoch = scope_hash_of(session, peer), peer.epoch
        taken = _find_taken(session, peer.id, epoch, scope_hash) if epoch else None
        places = () if peer.is_centre else places_of(session, peer)
        return Greeting(
            node=node.id, name=name_node(node), epoch=changes.epoch(session), head=changes.head(session),
            scope_hash=scope_hash, taken_epoch=None if taken is None else epoch, taken_seq=taken,
            places=tuple(Place(project=p.project, title=p.title, forms=p.forms) for p in places),
            clock=datetime.now(UTC), program=program_version(),
        )  # fmt: skip


def meet(node: Node, peer_id: str, other: Greeting) -> Greeting:
    """Note what a peer says of itself, and answer in kind.

    Raises PeerRevoked or PeerStopped for a peer that is not to go on, PeerAway for a centre that is not the one.
    """
    _hear(node, peer_id, other, _heard_now)
    with node.database.read() as session:
        peer = get_peer(session, peer_id)
    return introduce(node, peer)


def read_letter(node: Node, peer_id: str, other: Greeting) -> None:
    """Note what a peer said of itself a while ago, in a bundle; raises as `meet` does."""
    _hear(node, peer_id, other, _heard_then)


def last_word(peer: PeerNode) -> datetime | None:
    """Return when, by its own clock, the peer said what was heard of it last."""
    return None if peer.seen_at is None else peer.seen_at + _offset(peer)


def _hear(node: Node, peer_id: str, other: Greeting, heard: Heard) -> None:
    with node.database.read() as session:
        _require_going_on(get_peer(session, peer_id))
    is_changed, problem = node.write(noted(lambda session: _note(session, node, peer_id, other, heard)))
    if is_changed:
        node.grants.forget()
    if problem is not None:
        raise problem


def _heard_now(_peer: PeerNode, clock: datetime, now: datetime) -> dict[str, Any]:
    return {"seen_at": now, "clock_offset_seconds": (clock - now).total_seconds()}


def _heard_then(peer: PeerNode, clock: datetime, _now: datetime) -> dict[str, Any]:
    """A bundle says when it was made, which tells nothing of how its clock goes."""
    return {"seen_at": clock - _offset(peer)}


def _offset(peer: PeerNode) -> timedelta:
    return timedelta(seconds=peer.clock_offset_seconds or 0.0)


def _note(
    session: Session, node: Node, peer_id: str, other: Greeting, heard: Heard
) -> tuple[bool, PeerStopped | PeerAway | None]:
    """Write down what is new of a peer; return whether its grants changed, and why it is not to go on."""
    peer, now = lock_peer(session, peer_id), datetime.now(UTC)
    problem = _find_fault(session, peer, other)
    if problem is not None:
        if not peer.is_centre:
            note_copy(session, peer, now)
        log.warning("older copy peer=%s epoch=%s head=%d node=%s", peer.id, other.epoch, other.head, node.id)
        return False, problem
    values: dict[str, Any] = {
        **heard(peer, other.clock, now),
        "program": other.program[:LONGEST_PROGRAM],
        "scope_hash": other.scope_hash,  # of a hub: the scope under which it says how much it has taken
    }
    is_changed = peer.is_centre and bool(other.scope_hash) and _adopt(session, node, peer, other.places, now)
    if other.epoch != peer.epoch:
        values |= {"epochs": [*peer.epochs, other.epoch], "echo_floor": changes.head(session)}
        awaited_files.forget_announced(session, peer.id)
    change_peer(session, peer.id, **values)
    peer_rounds.note_told(session, peer.id, epoch=other.taken_epoch, seq=other.taken_seq)
    return is_changed, None


def _find_taken(session: Session, peer_id: str, epoch: str, scope_hash: str) -> int | None:
    """Return how far the peer's feed was taken; None when that is not known, and asking what is lacking is worth it.

    Of a peer of which nothing was ever taken nearly everything is lacking: it need not ask.
    """
    seq = peer_cursors.get_cursor(session, peer_id, epoch, scope_hash)
    return 0 if seq is None and not peer_cursors.has_any(session, peer_id) else seq


def _find_fault(session: Session, peer: PeerNode, other: Greeting) -> PeerStopped | PeerAway | None:
    """Tell a machine that is not the one that was met last: its feed is of before a restore, or shorter than it was."""
    is_retired = other.epoch in peer.epochs[:-1]
    is_shorter = other.head < peer_cursors.find_furthest(session, peer.id, other.epoch)
    is_another = other.node != peer.id
    if not (is_retired or is_shorter or is_another):
        return None
    return PeerAway(reason=_OLDER_COPY) if peer.is_centre else PeerStopped()


def _adopt(session: Session, node: Node, centre: PeerNode, places: tuple[Place, ...], now: datetime) -> bool:
    """Take over which projects and forms the centre shares: its grants here are those, and a new project begins empty.

    A project that this node leads is never given away so: for that a person accepts a code.
    """
    shared = [SharedPlace(project=place.project, title=place.title, forms=place.forms) for place in places]
    for place in shared:
        known = shared_projects.find_by_uid(session, place.project)
        if known is None:
            added = add_place(session, place, centre.id, now)
            log.info("project shared project=%d peer=%s node=%s", added.project_id, centre.id, node.id)
        elif known.home != centre.id:
            log.warning("project not shared project=%d peer=%s node=%s", known.id, centre.id, node.id)
    return put_scope(session, centre, grants_for_centre(session, centre.id, shared), now=now, by=None)


def _require_going_on(peer: PeerNode) -> None:
    if peer.state == peers.REVOKED:
        raise PeerRevoked
    if peer.state == peers.STOPPED:
        raise PeerStopped
