"""The lane of files at one end: what is awaited, what is given, what is kept (docs/replication.md, "Media")."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sync_server.core.ids import BlobId
from sync_server.core.replication_pieces import MOST_BYTES, MOST_FILES, AwaitedFile, Piece, Wanted
from sync_server.core.scope import Scope
from sync_server.node import Node
from sync_server.services import incoming_files, incoming_parts
from sync_server.services.peer_scope import find_inside, is_inside, scope_of_peer, shared_projects
from sync_server.store import awaited_files
from sync_server.store.families import find_families
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
    sizes = _find_allowed(node, peer, [file for file, _offset, _length in wanted[:MOST_FILES]])
    pieces: list[Piece] = []
    left = MOST_BYTES
    for file, offset, length in wanted[:MOST_FILES]:
        if left and offset <= sizes.get(file, -1):
            content = _read(node, file, offset, min(length, left))
            pieces += [] if content is None else [Piece(file, offset, content)]
            left -= len(content or b"")
    return pieces


def write_pieces(node: Node, peer: PeerNode, pieces: Sequence[Piece]) -> int:
    """Keep pieces of files awaited from this peer, of no others; return how many files are whole now."""
    return incoming_files.keep_pieces(node, peer.id, pieces)


def _find_allowed(node: Node, peer: PeerNode, files: Iterable[AwaitedFile]) -> dict[AwaitedFile, int]:
    """Return which of these files the peer may have, and how large they are: asked for all at once, because what its
    rows let through is asked of the warehouse."""
    with node.database.read() as session:
        scope = scope_of_peer(session, peer)
        shared = shared_projects(session, peer, scope)
        offered = {file: found for file in dict.fromkeys(files) if (found := find_offered(session, file))}
        offered = {file: found for file, found in offered.items() if found.project_id in shared}
        families = find_families(session, {o.instance_id for o in offered.values() if o.instance_id is not None})
    inside = find_inside(node, peer, scope, families)
    names = {(f.project_id, f.form_id, name) for f in families if is_inside(f, inside) for name in f.names}
    return {file: found.size for file, found in offered.items() if _is_allowed(found, scope, names)}


def _is_allowed(offered: Offered, scope: Scope, names: set[tuple[int, str, str]]) -> bool:
    if offered.instance_id is None:
        return scope.knows(offered.project_id, offered.form_id)
    return (offered.project_id, offered.form_id, offered.instance_id) in names


def _read(node: Node, file: AwaitedFile, offset: int, length: int) -> bytes | None:
    try:
        with node.blobs.open(BlobId(file.sha256)) as stream:
            stream.seek(offset)
            return stream.read(length)
    except FileNotFoundError:
        log.error("a file that a row promises is missing sha256=%s node=%s", file.sha256, node.id)
        return None
