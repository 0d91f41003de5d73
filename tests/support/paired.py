"""Nodes that know each other, without the codes by which people pair them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync_server.core.ids import sha256_hex
from sync_server.core.request_signing import Credentials, request_message, write_header
from sync_server.core.roles import PEER
from sync_server.core.scope import Grant
from sync_server.core.signatures import public_bytes
from sync_server.node import Node
from sync_server.services.assign_roles import assign_role
from sync_server.services.node_identity import get_public_key
from sync_server.store.peers import CENTRE, HUB, PeerNode, add_peer, get_peer

NOW = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Stranger:
    """A node of which there is nothing but its id and its key."""

    id: str
    private: Ed25519PrivateKey

    def sign(self, path: str, body: bytes, session: str = "") -> dict[str, str]:
        """The header of a request."""
        signature = self.private.sign(request_message("POST", path, session, body))
        return {"Authorization": write_header(Credentials(self.id, session, signature))}


def make_stranger(name: str) -> Stranger:
    """The same name is the same node with the same key."""
    digest = sha256_hex(name.encode())
    return Stranger(digest[:32], Ed25519PrivateKey.from_private_bytes(bytes.fromhex(digest)))


def let_in(centre: Node, hub: Stranger, *grants: Grant) -> PeerNode:
    """Pair a node with a hub of which there is nothing else."""
    return _add(centre, hub.id, HUB, public_bytes(hub.private), None, grants)


def pair_nodes(centre: Node, hub: Node, url: str, *grants: Grant) -> PeerNode:
    """Pair two nodes; return the centre as the hub knows it."""
    _add(centre, hub.id, HUB, get_public_key(hub), None, grants)
    return _add(hub, centre.id, CENTRE, get_public_key(centre), url, None)


def _add(
    node: Node, id: str, side: str, key: bytes, url: str | None, grants: tuple[Grant, ...] | None
) -> PeerNode:  # fmt: skip
    peer = node.write(
        lambda session: add_peer(session, id=id, side=side, name=f"Node {id[:4]}", public_key=key, url=url, now=NOW)
    )
    for grant in () if grants is None else grants or (Grant(PEER, 1),):
        assign_role(node, None, peer.actor_id, grant)
    with node.database.read() as session:
        return get_peer(session, id)
