"""The lane of files at one end: what is awaited, what is given, what is kept (docs/replication.md, "Media")."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from sync_server.core.ids import BlobId
from sync_server.core.replication_pieces import MOST_BYTES, MOST_FILES, AwaitedFile, Piece, Wanted
from sync_server.core.scope import Scope
from sync_server.node import Node
from sync_server.services import incoming_files, incoming_parts
from sync_server.services.peer_scope import is_in_scope
from sync_server.store import assignments, awaited_files
from sync_server.store.accounts import PEER
from sync_server.store.offered_files import Offered, find_offered
from sync_server.store.peers import PeerNode

log = logging.getLogger(__name__)


def list_awaited(node: Node, peer: PeerNode, limit: int) -> Sequence[AwaitedFile]:
    """List what this peer announced and is not here whole, and how much of each is here from it."""
    with node.database.read() as session:
        found = awaited_files.iter_awaited(session, peer.id, min(limit, MOST_FILES))
    return [replace(f, present=min(incoming_parts.present_bytes(node, peer.id, f.sha256), f.size)) for f in found]


def read_pieces(node: Node, peer: PeerNode, wanted: Sequence[Wanted]) -> Sequence[Piece]:
    """Read pieces of files of versions that this peer may have, 8 MB at most; all else is left out, as if it were not
    here."""
    pieces: list[Piece] = []
    allowed: dict[AwaitedFile, bool] = {}
    left = MOST_BYTES
    for file, offset, length in wanted[:MOST_FILES]:
        if file not in allowed:
            allowed[file] = _may_have(node, peer, file)
        content = _read(node, file, offset, min(length, left)) if allowed[file] else None
        if content is None:
            continue
        pieces.append(Piece(file, offset, content))
        left -= len(content)
        if not left:
            break
    return pieces


def write_pieces(node: Node, peer: PeerNode, pieces: Sequence[Piece]) -> int:
    """Keep pieces of files awaited from this peer, of no others; return how many files are whole now."""
    return incoming_files.keep_pieces(node, peer.id, pieces)


def _may_have(node: Node, peer: PeerNode, file: AwaitedFile) -> bool:
    with node.database.read() as session:
        offered = find_offered(session, file)
        scope = Scope(peer.actor_id, PEER, assignments.find_grants(session, peer.actor_id))
    if offered is None or not peer.is_active:
        return False
    if peer.is_centre:
        return offered.home == peer.id
    return _is_for_hub(node, peer, scope, offered)


def _is_for_hub(node: Node, peer: PeerNode, scope: Scope, offered: Offered) -> bool:
    if offered.instance_id is None:
        return scope.knows(offered.project_id, offered.form_id)
    return is_in_scope(node, peer, offered.project_id, offered.form_id, offered.instance_id)


def _read(node: Node, file: AwaitedFile, offset: int, length: int) -> bytes | None:
    try:
        with node.blobs.open(BlobId(file.sha256)) as stream:
            stream.seek(offset)
            return stream.read(length)
    except FileNotFoundError:
        log.error("a file that a row promises is missing sha256=%s node=%s", file.sha256, node.id)
        return None
