"""The centre's side of pairing: whoever proves to hold a code that was offered becomes a peer, with what it says.

The same machine may use its code again within the day, because the answer may have been lost on the way: it is answered
as before, and nothing is added. A node that was paired before, and comes with a new code, is active again.
"""

import logging
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from sync_server.core.pairing import (
    PairingAnswer,
    PairingRequest,
    is_proof,
    prove_answer,
    prove_request,
    write_key,
)
from sync_server.core.peer_places import read_scope
from sync_server.core.replication_batch import PROTOCOL
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.peer_errors import IdentityRenewed, PairingRefused, ProtocolUnknown
from sync_server.services.access import change_access
from sync_server.services.audit import write_act
from sync_server.services.node_identity import get_public_key
from sync_server.services.office_overview import name_node
from sync_server.services.peer_grants import put_scope
from sync_server.services.peer_offers import open_offer
from sync_server.services.peer_scope_hash import places_of_grants
from sync_server.store import assignments, known_nodes, nodes, peer_offers, peers, shared_projects
from sync_server.store.audits import Act
from sync_server.store.peer_offers import StoredOffer
from sync_server.store.peers import HUB, PeerNode

log = logging.getLogger(__name__)

UNKNOWN, WRONG = "there is no such code here", "it is not what was printed"
VOID, EXPIRED, USED = "it was tried wrongly too often", "its day is over", "it was used before"
OTHER_KEY = "this machine's key is not the one by which it is known; give it a new identity (sync-server pair renew)"
ITSELF, CENTRE_ALREADY = "it is this node's own", "this node is led by the other already"
NOTHING_LEFT = "the projects it was for are not there any more"


def answer_pairing(node: Node, request: PairingRequest) -> PairingAnswer:
    """Take a node in by its proof; raise PairingRefused, with the reason, or ProtocolUnknown."""
    if request.protocol != PROTOCOL:
        raise ProtocolUnknown(theirs=request.protocol, ours=PROTOCOL)
    now = datetime.now(UTC)
    secret = _check_proof(node, request, now)
    answer = change_access(node, lambda session: _take_in(session, node, request, now))
    log.info("paired peer=%s offer=%s node=%s", request.node, request.offer, node.id)
    return replace(answer, proof=prove_answer(secret, request, answer))


def _check_proof(node: Node, request: PairingRequest, now: datetime) -> str:
    """Return the code's secret when the request proves to know it; a wrong proof is counted."""
    with node.database.read() as session:
        offer = peer_offers.find_offer(session, request.offer)
    if offer is None:
        raise PairingRefused(reason=UNKNOWN)
    if offer.is_void or now >= offer.expires_at:  # before the proof: a code that is over cannot be guessed at either
        raise PairingRefused(reason=VOID if offer.is_void else EXPIRED)
    secret = open_offer(node, offer)
    if not is_proof(request.proof, prove_request(secret, request)):
        node.write(lambda session: peer_offers.note_wrong(session, offer.id))
        log.warning("pairing refused offer=%s node=%s", offer.id, node.id)
        raise PairingRefused(reason=WRONG)
    return secret


def _take_in(session: Session, node: Node, request: PairingRequest, now: datetime) -> PairingAnswer:
    offer = peer_offers.lock_offer(session, request.offer)
    if offer is None or offer.is_void:
        raise PairingRefused(reason=VOID)
    return take_in(session, node, request, offer, now)


def take_in(session: Session, node: Node, request: PairingRequest, offer: StoredOffer, now: datetime) -> PairingAnswer:
    """Make the node that proved to hold the code of an offer a peer; answer it as before when it used the code itself.

    The answer has no proof yet. Raises PairingRefused.
    """
    known = peers.find_peer(session, request.node)
    _require_identity(session, node, request, known)
    if offer.used_at is not None:
        if known is None or not known.is_active or offer.used_by != request.node:
            raise PairingRefused(reason=USED)
        return _answer(session, node, request, known)
    peer = _put_peer(session, request, offer, known, now)
    peer_offers.note_used(session, offer.id, by=peer.id, now=now)
    return _answer(session, node, request, peer)


def _require_identity(session: Session, node: Node, request: PairingRequest, known: PeerNode | None) -> None:
    """Raise PairingRefused for a name that is another's: this node's, the centre's, or one with another key."""
    if nodes.get_id(session) != node.id:
        raise IdentityRenewed
    if request.node == node.id:
        raise PairingRefused(reason=ITSELF)
    if known is not None and known.is_centre and known.is_active:
        raise PairingRefused(reason=CENTRE_ALREADY)
    by_others = known_nodes.find_node(session, request.node)
    key = known.public_key if known else by_others[1] if by_others else request.key
    if key != request.key:
        raise PairingRefused(reason=OTHER_KEY)


def _put_peer(
    session: Session, request: PairingRequest, offer: StoredOffer, known: PeerNode | None, now: datetime
) -> PeerNode:
    """Add the peer with its scope, or make a known one active again; end the one it replaces."""
    replaced = peers.find_peer(session, offer.replaces) if offer.replaces else None
    grants = _grants(session, offer, replaced)
    if not grants:
        raise PairingRefused(reason=NOTHING_LEFT)
    predecessors = _predecessors(known, replaced, request.node)
    if known is None:
        peer = peers.add_peer(
            session, id=request.node, side=HUB, name=offer.name, public_key=request.key, predecessors=predecessors,
            now=now,
        )  # fmt: skip
    else:
        peer = peers.revive_peer(
            session, known.id, side=HUB, name=offer.name, url=None, predecessors=predecessors, now=now
        )
    if replaced is not None and replaced.id != peer.id:
        peers.end_peer(session, replaced.id, reason=f"another machine took its place: {peer.id}", now=now)
    put_scope(session, peer, grants, now=now, by=offer.created_by)
    details = {"node": peer.id, "offer": offer.id, "replaces": offer.replaces, "places": _write(grants)}
    write_act(
        session, Act(action="peer.create", actor_id=peer.actor_id, actee=f"actor:{peer.actor_id}", details=details)
    )
    return peer


def _grants(session: Session, offer: StoredOffer, replaced: PeerNode | None) -> list[Grant]:
    """Say what the peer is to have, as far as it is there: what was offered, or what the one it replaces has now."""
    offered = assignments.find_grants(session, replaced.actor_id) if replaced else read_scope(offer.scope).grants
    there = shared_projects.find_by_numbers(session, [g.project_id for g in offered if g.project_id is not None])
    return [g for g in offered if g.project_id in there and there[g.project_id].home is None]


def _predecessors(known: PeerNode | None, replaced: PeerNode | None, id: str) -> tuple[str, ...]:
    former = known.predecessors if known else ()
    of_replaced = (replaced.id, *replaced.predecessors) if replaced else ()
    return tuple(dict.fromkeys(each for each in (*former, *of_replaced) if each != id))


def _answer(session: Session, node: Node, request: PairingRequest, peer: PeerNode) -> PairingAnswer:
    grants = assignments.find_grants(session, peer.actor_id)
    return PairingAnswer(
        node=node.id, name=name_node(node), public_key=write_key(get_public_key(node)), nonce=request.nonce,
        projects=places_of_grants(session, grants),
    )  # fmt: skip


def _write(grants: list[Grant]) -> list[list[str | int | None]]:
    return [[g.role.system, g.project_id, g.form_id, g.rows] for g in grants]
