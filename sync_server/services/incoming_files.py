"""Take in files from a peer piece by piece; a whole one is hashed, kept, and joined to what awaits it.

Bytes first: the part is complete, then the blob is durable, then in one transaction the rows, the change and the end of
waiting, and last the part goes. A crash anywhere repeats the step it broke. Erasing takes the awaiting rows, and what
lies here of the file with them.
"""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress

from sqlalchemy.orm import Session

from sync_server.core.ids import BlobId
from sync_server.core.replication_pieces import Piece
from sync_server.errors import DiskFull
from sync_server.node import Node
from sync_server.services import incoming_parts
from sync_server.services.incoming_parts import told_when_full
from sync_server.store import awaited_files, changes, erasures
from sync_server.store.awaited_files import MOST_WRONG
from sync_server.store.blocks import newest_block
from sync_server.store.changes import Change
from sync_server.store.engine import lock_feed
from sync_server.store.joined_files import WholeFile, join_file
from sync_server.store.replicated_forms import activate_if_complete

log = logging.getLogger(__name__)


def keep_pieces(node: Node, peer_id: str, pieces: Sequence[Piece]) -> int:
    """Keep pieces of files that this peer announced; return how many files became whole. Raises DiskFull.

    In any order, and as often as they come: only what follows what is here already is kept.
    """
    hashes = list(dict.fromkeys(piece.file.sha256 for piece in pieces))
    sizes = _find_sizes(node, peer_id, hashes)
    try:
        present = _append(node, peer_id, [piece for piece in pieces if piece.file.sha256 in sizes], sizes)
    finally:
        gone = sizes.keys() - _find_sizes(node, peer_id, hashes).keys()
        for sha256 in gone:  # erased while it was written
            incoming_parts.drop_part(node, peer_id, sha256)
    here = {sha256: length for sha256, length in present.items() if sha256 not in gone}
    for sha256 in (sha256 for sha256, length in here.items() if length < sizes[sha256]):
        incoming_parts.sync_part(node, peer_id, sha256)
    return finish(node, peer_id, [sha256 for sha256, length in here.items() if length >= sizes[sha256]])


def finish(node: Node, peer_id: str, hashes: Sequence[str]) -> int:
    """Check files of which all bytes are here, and join the right ones to what awaits them; return how many were right.

    A wrong one is thrown away and counted. Raises DiskFull; safe to repeat.
    """
    whole = [file for sha256 in hashes if (file := _keep(node, peer_id, sha256))]
    if not whole:
        return 0
    node.write(lambda session: _join(node, session, peer_id, whole))
    for file in whole:
        _require_blob(node, peer_id, file)
        incoming_parts.drop_part(node, peer_id, file.sha256)
        log.info("file came sha256=%s size=%d peer=%s node=%s", file.sha256, file.size, peer_id, node.id)
    return len(whole)


def drop_unawaited(node: Node, session: Session, sha256: str) -> None:
    """Throw away what is here of a file from peers of which nobody awaits it any more."""
    tags = {incoming_parts.tag_of(awaited.peer_id) for awaited in awaited_files.find_awaited(session, sha256)}
    for part in incoming_parts.iter_parts(node, sha256):
        if part.tag not in tags:
            part.path.unlink(missing_ok=True)


def sweep_incoming(node: Node) -> None:
    """Throw away all parts that nobody awaits: what a crash left of what came, or of what was erased."""
    node.write(awaited_files.forget_arrived)
    left = sorted({part.sha256 for part in incoming_parts.iter_parts(node)})
    with node.database.read() as session:
        for sha256 in left:
            with suppress(PermissionError):  # open, on Windows: it goes at the next sweep
                drop_unawaited(node, session, sha256)


def _find_sizes(node: Node, peer_id: str, hashes: Sequence[str]) -> dict[str, int]:
    with node.database.read() as session:
        return awaited_files.find_sizes(session, peer_id, hashes)


def _append(node: Node, peer_id: str, pieces: Sequence[Piece], sizes: dict[str, int]) -> dict[str, int]:
    """Append each piece; return how many bytes of each file are here then."""
    present: dict[str, int] = {}
    for piece in sorted(pieces, key=lambda piece: piece.offset):
        sha256 = piece.file.sha256
        present[sha256] = incoming_parts.append_piece(
            node, peer_id, sha256, offset=piece.offset, content=piece.content, size=sizes[sha256]
        )
    return present


def _keep(node: Node, peer_id: str, sha256: str) -> WholeFile | None:
    """Make a file durable as a blob if it is what was announced; None when it is not, or was taken away meanwhile."""
    md5, spool = hashlib.md5(usedforsecurity=False), node.blobs.spool()
    try:
        with told_when_full():
            for piece in _read(node, peer_id, sha256):
                md5.update(piece)
                spool.write(piece)
            if spool.sha256 == sha256:
                return WholeFile(spool.keep(), md5.hexdigest(), spool.size)
    except FileNotFoundError:
        return None
    finally:
        spool.close()
    _throw_away(node, peer_id, sha256)
    return None


def _read(node: Node, peer_id: str, sha256: str) -> Iterator[bytes]:
    if not node.has_room(incoming_parts.present_bytes(node, peer_id, sha256)):
        raise DiskFull
    return incoming_parts.read_part(node, peer_id, sha256)


def _throw_away(node: Node, peer_id: str, sha256: str) -> None:
    """Forget bytes that are not those announced; of two requests that find it, one counts."""
    if not incoming_parts.drop_part(node, peer_id, sha256):
        return
    wrong = node.write(lambda session: awaited_files.count_wrong(session, peer_id, sha256))
    then = "left" if wrong >= MOST_WRONG else "asked for again"
    log.warning(
        "file is not what was announced, %s sha256=%s peer=%s wrong=%d node=%s", then, sha256, peer_id, wrong, node.id
    )


def _join(node: Node, session: Session, peer_id: str, whole: Sequence[WholeFile]) -> None:
    lock_feed(session)  # whoever erases holds it: what is awaited from here on, is
    happened: list[Change] = []
    form_versions: set[int] = set()
    for file in whole:
        joined = join_file(session, peer_id, file)
        happened += joined.happened
        form_versions.update(joined.form_versions)
        if not joined.is_awaited:
            _forget_blob(node, session, file.sha256)
    for version_id in sorted(form_versions):
        if change := activate_if_complete(session, version_id):
            happened.append(change)
    changes.append(session, happened, via=peer_id)


def _forget_blob(node: Node, session: Session, sha256: str) -> None:
    """Delete a file that was erased while it was being kept. Where nothing was ever erased, nobody looks whether a file
    went while it was received, and an orphan is harmless."""
    if newest_block(session) and not erasures.is_named(session, sha256):
        node.blobs.delete(BlobId(sha256))


def _require_blob(node: Node, peer_id: str, file: WholeFile) -> None:
    """Keep it once more if an erasure of the very same file deleted it a moment before it was named here."""
    with node.database.read() as session:
        is_named = erasures.is_named(session, file.sha256)
    if is_named and node.blobs.size(BlobId(file.sha256)) is None:
        _keep(node, peer_id, file.sha256)
