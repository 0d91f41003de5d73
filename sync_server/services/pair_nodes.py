"""Nodes that are paired: list them, end a pairing, change what a hub has, or where the centre answers."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from sync_server.core.peer_places import PeerScope
from sync_server.core.scope import Grant
from sync_server.errors import NotFound, UnexpectedValue
from sync_server.node import Node
from sync_server.services.access import change_access, require
from sync_server.services.audit import make_act, write_act
from sync_server.services.peer_address import tidy_url
from sync_server.services.peer_grants import put_scope, require_scope
from sync_server.store import assignments, peer_offers, peers
from sync_server.store.accounts import Actor
from sync_server.store.peers import PeerNode

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ShownPeer:
    """A paired node, and what it was granted here; of an ended one, what it had."""

    peer: PeerNode
    grants: tuple[Grant, ...]


def list_peers(node: Node, actor: Actor | None) -> list[ShownPeer]:
    """List the paired nodes, ended ones too, in the order in which they were paired."""
    require(node, actor, "assignment.list")
    with node.database.read() as session:
        return [ShownPeer(peer, assignments.find_grants(session, peer.actor_id)) for peer in peers.iter_peers(session)]


def find_peer(node: Node, actor: Actor | None, name: str) -> PeerNode:
    """Find a paired node by its name or id, the active one of several; raise NotFound."""
    require(node, actor, "assignment.list")
    with node.database.read() as session:
        return _get(session, name)


def revoke_peer(node: Node, actor: Actor | None, name: str) -> PeerNode | None:
    """End the pairing with a node, or a code that was offered under its name, which no node has used (None).

    It has nothing more from here, and nothing more is taken from it; what it sent stays. It hears so at its next call.
    """
    require(node, actor, "assignment.delete")
    now = datetime.now(UTC)

    def revoke(session: Session) -> PeerNode | None:
        is_offered = peer_offers.end_offers(session, name, now=now) > 0
        found = peers.find_peer_called(session, name)
        if found is None or found.state == peers.REVOKED:
            if not is_offered:
                raise NotFound
            write_act(session, make_act(actor, "peer.offer.delete"))
            return None
        peers.end_peer(session, found.id, reason="ended here", now=now)
        write_act(session, make_act(actor, "peer.delete", f"actor:{found.actor_id}", node=found.id))
        return peers.get_peer(session, found.id)

    ended = change_access(node, revoke)
    log.info("pairing ended peer=%s node=%s", ended.id if ended else "none", node.id)
    return ended


def set_peer_scope(node: Node, actor: Actor | None, name: str, scope: PeerScope) -> PeerNode:
    """Replace what a hub may have. What enters is sent to it, what leaves is withdrawn from it, at its next call."""
    require(node, actor, "assignment.create")
    require_scope(node, actor, scope)
    details = {"scope": scope.to_json()}

    def change(session: Session) -> PeerNode:
        peer = _get(session, name)
        if peer.is_centre:
            raise UnexpectedValue(field="name", value=name, reason="it leads this node: the scope is laid down there.")
        put_scope(session, peer, scope.grants, now=datetime.now(UTC), by=actor.id if actor else None)
        write_act(session, make_act(actor, "peer.update", f"actor:{peer.actor_id}", node=peer.id, **details))
        return peer

    peer = change_access(node, change)
    log.info("scope changed peer=%s node=%s", peer.id, node.id)
    return peer


def set_peer_address(node: Node, actor: Actor | None, name: str, url: str) -> PeerNode:
    """Lay down where the centre answers; that it is the same node is proven at the next call by its key."""
    require(node, actor, "assignment.create")
    url = tidy_url(url)

    def change(session: Session) -> PeerNode:
        peer = _get(session, name)
        if not peer.is_centre:
            raise UnexpectedValue(field="name", value=name, reason="it is a hub, and calls this node by itself.")
        peers.change_peer(session, peer.id, url=url)
        write_act(session, make_act(actor, "peer.update", f"actor:{peer.actor_id}", node=peer.id, url=url))
        return peers.get_peer(session, peer.id)

    peer = change_access(node, change)
    log.info("address changed peer=%s node=%s", peer.id, node.id)
    return peer


def _get(session: Session, name: str) -> PeerNode:
    found = peers.find_peer_called(session, name)
    if found is None:
        raise NotFound
    return found
