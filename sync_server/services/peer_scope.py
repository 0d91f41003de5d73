"""What a peer may have: which of a project's submissions are in its scope."""

from sync_server.core.scope import Scope
from sync_server.node import Node
from sync_server.store import assignments
from sync_server.store.accounts import PEER
from sync_server.store.peers import PeerNode


def scope_of_peer(node: Node, peer: PeerNode) -> Scope:
    with node.database.read() as session:
        return Scope(peer.actor_id, PEER, assignments.find_grants(session, peer.actor_id))


def is_in_scope(node: Node, peer: PeerNode, project_id: int, form_id: str, instance_id: str) -> bool:
    """Tell whether a peer may have a submission."""
    return scope_of_peer(node, peer).may("peer.read", project_id, form_id)
