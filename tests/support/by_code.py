"""Pair two nodes of a test as people do, by a code, without a network in between."""

from collections.abc import Callable
from typing import Any

from sync_server.core.pairing import PairingRequest
from sync_server.core.peer_places import PeerPlace, PeerScope
from sync_server.core.roles import PEER, PEER_UP, Role
from sync_server.node import Node
from sync_server.services.accept_pairing import Join, Paired, accept_pairing
from sync_server.services.answer_pairing import answer_pairing
from sync_server.services.peer_offers import offer_pairing
from sync_server.store.peers import PeerNode, get_peer

URL = "https://centre.example.org"
EVERYTHING = PeerScope((PeerPlace(project_id=1, role=PEER),))


def only_up(project_id: int = 1, *forms: str) -> PeerScope:
    """The scope of an office that sends, and gets forms and accounts."""
    return PeerScope((PeerPlace(project_id=project_id, forms=forms or None, role=PEER_UP),))


def rows_of(rows: str, role: Role = PEER) -> PeerScope:
    return PeerScope((PeerPlace(project_id=1, role=role, rows=rows),))


def posting_to(centre: Node) -> Callable[[str, dict[str, Any]], Any]:
    """Answer as a centre at any address does."""
    return lambda _url, body: answer_pairing(centre, PairingRequest(**body)).to_json()


def pair(
    centre: Node, hub: Node, scope: PeerScope = EVERYTHING, *, name: str = "Sinjar office", join: Join = None
) -> Paired:
    """Offer at the centre, accept at the hub."""
    code = offer_pairing(centre, None, name, scope).code
    return accept_pairing(hub, None, URL, code, post=posting_to(centre), join=join)


def peer_at(node: Node, other: Node) -> PeerNode:
    """What a node knows of another."""
    with node.database.read() as session:
        return get_peer(session, other.id)
