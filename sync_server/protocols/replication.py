"""Speak with other nodes: what a paired node may ask of this one (docs/replication.md, "Speaking").

Each view reads what was sent, calls what a node in this process would call (`replication/local.py`), and writes what
that says. Whatever kind of thing it is, only what the peer's scope lets through is given or taken, further in.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, current_app, request

from sync_server.core.replication_batch import PROTOCOL, compress, decompress, pack, unpack
from sync_server.core.replication_pieces import (
    LARGEST_HEAD,
    MOST_FILES,
    pack_awaited,
    pack_pieces,
    unpack_pieces,
    unpack_wanted,
)
from sync_server.node import Node
from sync_server.peer_errors import BatchUnreadable, ProtocolUnknown
from sync_server.protocols.authentication import current_node
from sync_server.protocols.endpoint import central_endpoint
from sync_server.protocols.replication_sessions import current_peer, issue_session, sign_answer
from sync_server.protocols.shapes import Content
from sync_server.replication import wire, wire_ranges
from sync_server.replication.local import LocalPeer
from sync_server.replication.peer import Peer
from sync_server.replication.wire_fields import number_of, text_of, texts_of
from sync_server.services import peer_tickets
from sync_server.services.digest_node import digest_for_peer

blueprint = Blueprint("replication", __name__, url_prefix="/replication/v1")

OPEN_END = "sync_server.replication.end"
"""What makes of (node, peer id) this end, where it is not LocalPeer (app.extensions)."""

WORK_SECONDS = 30.0  # for what came to be worked in before a digest; who asks waits for 90
_BINARY = "application/octet-stream"
_GREETING = Content(("application/json",), "a greeting: docs/replication.md")
# To send is what every paired node may; what else it gets, its scope says item by item.
_BY_PEERS: dict[str, Any] = {"verb": "peer.write", "is_somewhere": True}


def _takes(what: str, *, answers: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a route that takes and answers bytes."""
    shape = {"takes": Content((_BINARY,), what), "answers": Content((_BINARY,), answers)}
    return central_endpoint(**_BY_PEERS, **shape)


@blueprint.after_request
def _sign(response: Response) -> Response:
    return sign_answer(current_node(), response)


@blueprint.post("/greet")
@central_endpoint(**_BY_PEERS, takes=_GREETING, answers=_GREETING)
def post_greet() -> Response:
    """Begin a round: say who one is, and how far each has come."""
    node, peer, content = current_node(), current_peer(), _read_body(wire.LARGEST_GREETING)
    spoken = wire.find_protocols(content)
    if PROTOCOL not in spoken:
        raise ProtocolUnknown(theirs=", ".join(map(str, spoken)), ours=PROTOCOL)
    heard = wire.read_opening(content)
    if heard.greeting.node != peer.id:
        raise BatchUnreadable(reason="it is the greeting of another node")
    ticket = peer_tickets.check_ticket(node, peer.id, heard.ticket, heard.greeting.epoch)
    met = _open_end(node, peer.id).meet(heard.greeting)
    session = issue_session(node, peer, now=datetime.now(UTC))
    said = wire.Opening(greeting=met, protocols=(PROTOCOL,), ticket=ticket, session=session)
    return Response(wire.write_opening(said), content_type="application/json")


@blueprint.post("/changes")
@_takes("since which change, and how many", answers="a batch")
def post_changes() -> Response:
    """Read what is new for a node after a change of this node's feed."""
    return _answer(pack(_end().read_changes(*wire.read_limits(_object()))))


@blueprint.post("/names")
@_takes("since which change, and how many", answers="the names of items, and a batch of those without a name")
def post_names() -> Response:
    """Read the names of what is there for a node, so that it can ask for what it lacks."""
    return _answer(wire.pack_named(*_end().read_names(*wire.read_limits(_object()))))


@blueprint.post("/items")
@_takes("names of items, and the header of their batch", answers="a batch")
def post_items() -> Response:
    """Read items by their names."""
    asked = _object()
    return _answer(pack(_end().read_items(texts_of(asked, "names"), wire.read_head(asked))))


@blueprint.post("/lacking")
@_takes("names of items", answers="those names that this node does not have")
def post_lacking() -> Response:
    """Ask which items this node lacks."""
    return _answer_json({"names": list(_end().find_lacking(texts_of(_object(), "names")))})


@blueprint.post("/take")
@_takes("a batch", answers="how much is taken now, and what was refused")
def post_take() -> Response:
    """Send a batch; it is stored when the answer comes."""
    return _answer_json(wire.write_taken(_end().take(unpack(_read_body()))))


@blueprint.post("/take-in-turn")
@_takes("a batch", answers="how much is taken now, and what was refused")
def post_take_in_turn() -> Response:
    """Send a batch beside others; one that arrives before those it follows waits for them."""
    return _answer_json(wire.write_taken(_end().take_in_turn(unpack(_read_body()))))


@blueprint.post("/awaited")
@_takes("how many", answers="the files that this node waits for")
def post_awaited() -> Response:
    """Ask which files this node waits for."""
    limit = min(number_of(_object(), "limit"), MOST_FILES)
    return _answer(compress(pack_awaited(_end().list_awaited(limit))))


@blueprint.post("/give")
@_takes("pieces of files", answers="how many files are whole now")
def post_give() -> Response:
    """Send pieces of files that this node waits for."""
    return _answer_json({"whole": _end().write_pieces(unpack_pieces(_read_body()))})


@blueprint.post("/fetch")
@_takes("which pieces of which files", answers="the pieces, of files that the node may have")
def post_fetch() -> Response:
    """Read pieces of files."""
    wanted = unpack_wanted(decompress(_read_body(), largest=LARGEST_HEAD))
    return _answer(pack_pieces(_end().read_pieces(wanted)))


@blueprint.post("/digest")
@_takes("a project", answers="the digests of what both nodes must have in common of it")
def post_digest() -> Response:
    """Compare what this node and the one that asks hold and show of a project."""
    project = text_of(_object(), "project")
    return _answer_json(digest_for_peer(current_node(), current_peer(), project, seconds=WORK_SECONDS))


@blueprint.post("/ranges")
@_takes("sums of ranges of what the other holds", answers="where this node holds something else")
def post_ranges() -> Response:
    """Find out where two nodes hold something else of what they share (docs/completeness.md)."""
    asked = wire_ranges.read_ranges_asked(_object())
    return _answer_json(wire_ranges.write_ranges_answered(_end().compare_ranges(asked)))


@blueprint.post("/versions")
@_takes("hashes of submission versions", answers="which of them this node has, with which files")
def post_versions() -> Response:
    """Ask what became of single versions."""
    asked = wire_ranges.read_versions_asked(_object())
    return _answer_json(wire_ranges.write_versions_found(_end().find_versions(asked)))


def _end() -> Peer:
    return _open_end(current_node(), current_peer().id)


def _open_end(node: Node, peer_id: str) -> Peer:
    end: Peer = current_app.extensions.get(OPEN_END, LocalPeer)(node, peer_id)
    return end


def _object() -> dict[str, Any]:
    return wire.unpack_object(_read_body())


def _read_body(largest: int | None = None) -> bytes:
    """Return what was sent, which the signature was checked over; a request that came otherwise was never bounded."""
    current_peer()
    body = request.get_data()
    if largest is not None and len(body) > largest:
        raise BatchUnreadable(reason="it is too large")
    return body


def _answer(content: bytes) -> Response:
    return Response(content, content_type=_BINARY)


def _answer_json(value: Any) -> Response:
    return _answer(wire.pack_json(value))
