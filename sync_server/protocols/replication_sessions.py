"""Find out which node asks, by its signature, and give it the session that its next requests name.

A session's word is worked out from the node's key, so it holds in every process of a node and lies nowhere. It ends
after a day of this node's own clock (a recorded request is good for no longer), with a restore of this node, and with
the peer's key; a peer that is revoked is refused whatever it shows.
"""

import hmac
from datetime import datetime

from flask import Response, g, request

from sync_server.core.request_signing import (
    ANSWER_HEADER,
    Credentials,
    answer_message,
    read_header,
    request_message,
    write_signature,
)
from sync_server.core.signatures import is_signed_by
from sync_server.errors import InsufficientRights
from sync_server.node import Node
from sync_server.peer_errors import PeerRevoked, PeerStopped, PeerUnknown, RequestTooLarge, SessionOver
from sync_server.services import node_identity, node_secrets
from sync_server.store import accounts, changes
from sync_server.store.accounts import Actor
from sync_server.store.peers import REVOKED, STOPPED, PeerNode, find_peer

ROUTES = "/replication/v1/"
GREET = ROUTES + "greet"
LARGEST_BODY = 64_000_000  # packed: a sender's batches and pieces stay far below it
_HOUR_SECONDS, _LASTS_HOURS = 3600, 24


def identify_peer(node: Node, header: str, *, now: datetime) -> Actor:
    """Return the actor of the node that signed this request; raise PeerUnknown, PeerRevoked, PeerStopped, SessionOver
    or RequestTooLarge."""
    credentials = read_header(header)
    if credentials is None or not request.path.startswith(ROUTES):
        raise PeerUnknown
    with node.database.read() as session:
        peer = find_peer(session, credentials.node)
        actor = accounts.find_living_actor(session, peer.actor_id) if peer else None
        epoch = changes.epoch(session)
    if peer is None or actor is None:
        raise PeerUnknown
    _check_signature(peer, credentials)
    g.peer, g.peer_signature = peer, credentials.signature
    _refuse_ended(peer)
    if request.path != GREET and not _is_session(node, peer, epoch, credentials.session, now):
        raise SessionOver
    return actor


def current_peer() -> PeerNode:
    """Return the node that asks; raise InsufficientRights when the request came by another door, such as a cookie."""
    peer: PeerNode | None = g.get("peer")
    if peer is None:
        raise InsufficientRights
    return peer


def issue_session(node: Node, peer: PeerNode, *, now: datetime) -> str:
    """Make the word that a peer's requests name for a day."""
    with node.database.read() as session:
        epoch = changes.epoch(session)
    return _write_word(node, peer, epoch, _hour(now))


def sign_answer(node: Node, response: Response) -> Response:
    """Sign an answer to a peer, refusals too: nobody in between can end a pairing in this node's name."""
    if "peer_signature" in g:
        message = answer_message(g.peer_signature, response.status_code, response.get_data())
        response.headers[ANSWER_HEADER] = write_signature(node_identity.sign(node, message))
    return response


def _check_signature(peer: PeerNode, credentials: Credentials) -> None:
    message = request_message(request.method, request.path, credentials.session, _read_body())
    if not is_signed_by(peer.public_key, message, credentials.signature):
        raise PeerUnknown


def _read_body() -> bytes:
    size = request.content_length or 0
    if size > LARGEST_BODY:
        raise RequestTooLarge(limit=LARGEST_BODY, size=size)
    return request.get_data()


def _refuse_ended(peer: PeerNode) -> None:
    if peer.state == REVOKED:
        raise PeerRevoked
    if peer.state == STOPPED:
        raise PeerStopped


def _is_session(node: Node, peer: PeerNode, epoch: str, word: str, now: datetime) -> bool:
    hour = _hour(now)
    hours = range(hour, hour - _LASTS_HOURS, -1)
    said = word.partition(".")[0]
    return said in map(str, hours) and hmac.compare_digest(word, _write_word(node, peer, epoch, int(said)))


def _write_word(node: Node, peer: PeerNode, epoch: str, hour: int) -> str:
    key = node_secrets.derive_key(node, "replication session")
    about = "\n".join((peer.id, peer.public_key.hex(), epoch, str(hour)))
    return f"{hour}.{hmac.digest(key, about.encode(), 'sha256')[:16].hex()}"


def _hour(now: datetime) -> int:
    return int(now.timestamp()) // _HOUR_SECONDS
