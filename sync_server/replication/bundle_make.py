"""Make a bundle for a peer: a file, or several, with all that it is not known to have."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from sync_server.core.bundle_format import ACKNOWLEDGEMENT, AWAITED, BUNDLE, END, HEADER, write_frame
from sync_server.core.replication_batch import compress
from sync_server.core.replication_pieces import AwaitedFile, Piece, Wanted, pack_awaited
from sync_server.node import Node
from sync_server.peer_errors import BundleNoRoom, BundleUnwritable, NothingHeardYet
from sync_server.replication import greeting, media
from sync_server.replication.bundle_contents import PIECES_BYTES, Contents, Position
from sync_server.replication.bundle_letter import MOST_AWAITED, Letter, compose_letter, write_letter
from sync_server.replication.bundle_volumes import (
    RESERVE,
    VolumeWriter,
    find_whole,
    forget_volumes,
    free_bytes,
    measure_replaced,
    require_own,
    writing,
)
from sync_server.replication.progress import Progress
from sync_server.replication.records_lane import OUT
from sync_server.services.peer_scope_hash import scope_hash_of
from sync_server.services.peer_status import Movement
from sync_server.store import changes, holdings, peer_rounds
from sync_server.store.blocks import newest_block
from sync_server.store.peers import PeerNode

log = logging.getLogger(__name__)

VOLUME_BYTES = 4_000_000_000
"""FAT32 has no file of 4 GiB (4,294,967,296 bytes)."""
SMALLEST_VOLUME = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeBundle:
    """A bundle that was made. `went_on_after`: whole volumes that were there from before; `since`: where it begins."""

    path: Path
    volumes: int
    size: int
    records: int
    files: int
    since: int
    until: int
    went_on_after: int


def make_bundle(
    node: Node, peer_id: str, path: Path, *, volume_bytes: int = VOLUME_BYTES, is_whole: bool = False,
    lacking: tuple[AwaitedFile, ...] = (), progress: Callable[[Movement], None] = lambda _movement: None,
    room: Callable[[Path], int] = free_bytes,
) -> MadeBundle:  # fmt: skip
    """Make a bundle of all that a peer is not known to have; of everything with `is_whole`.

    `lacking`: files it said to lack. Raises a Problem, with no bundle under the name; repeated, it goes on where whole
    volumes are.
    """
    path = path.absolute()
    peer = greeting.require_active(node, peer_id)
    since, head, begun = _find_start(node, peer, is_whole)
    letter = compose_letter(node, peer)
    with writing(path):
        _require_folder(path)
        require_own(node, path)
        whole = find_whole(node, path, begun)
    start = Position(since=since, waiting=tuple((file, file.present) for file in lacking))
    contents = _open_contents(node, peer, letter, whole.position if whole else start, head, progress)
    contents.piece_bytes = min(PIECES_BYTES, max(volume_bytes, SMALLEST_VOLUME) // 2)
    _require_room(node, contents, path, room, kept=len(whole.volumes) if whole else 0)
    with writing(path):
        path.unlink(missing_ok=True)  # an earlier bundle: before its volumes, so that none is there without them
        forget_volumes(node, path, after=len(whole.volumes) if whole else 0)
    _note_files_go(node, peer)
    writer = VolumeWriter(
        node=node, peer=peer, path=path, kind=BUNDLE, bundle=whole.bundle if whole else uuid4().hex, begun=begun,
        limit=max(volume_bytes, SMALLEST_VOLUME), room=lambda: room(path), volumes=list(whole.volumes if whole else ()),
        tell=contents.progress.tell,
    )  # fmt: skip
    size = writer.write(contents.parts()) + sum(volume.size for volume in (whole.volumes if whole else ()))
    log.info("bundle made peer=%s since=%d until=%d bytes=%d node=%s", peer.id, since, head, size, node.id)
    return MadeBundle(
        path=path, volumes=len(writer.volumes), size=size, records=contents.records, files=contents.files, since=since,
        until=max(since, head), went_on_after=len(whole.volumes) if whole else 0,
    )  # fmt: skip


def make_acknowledgement(node: Node, peer_id: str, path: Path, *, room: Callable[[Path], int] = free_bytes) -> None:
    """Write what this node has of a peer's feed, and which files of it are lacking, for the way back."""
    peer = greeting.require_active(node, peer_id)
    path = path.absolute()
    lacking = media.list_awaited(node, peer, MOST_AWAITED)
    parts = [
        write_frame(HEADER, write_letter(compose_letter(node, peer))),
        write_frame(AWAITED, compress(pack_awaited(lacking))),
        write_frame(END, compress(b'{"until":0}')),
    ]
    with writing(path):
        require_own(node, path)
    writer = VolumeWriter(
        node=node, peer=peer, path=path, kind=ACKNOWLEDGEMENT, bundle=uuid4().hex, begun={}, limit=VOLUME_BYTES,
        room=lambda: room(path) + RESERVE, volumes=[],
    )  # fmt: skip
    writer.write(iter([(part, Position(since=0)) for part in parts]))


def _find_start(node: Node, peer: PeerNode, is_whole: bool) -> tuple[int, int, dict[str, Any]]:
    """Say after which change the peer may lack something, up to where there is any, and what a later part relies on."""
    with node.database.read() as session:
        epoch, head, scope_hash = changes.epoch(session), changes.head(session), scope_hash_of(session, peer)
        told = peer_rounds.get_round(session, peer.id)
        block = newest_block(session)
    if peer.is_centre and not scope_hash:
        raise NothingHeardYet(name=peer.name)
    is_known = told.told_epoch == epoch and (peer.scope_hash or "") == scope_hash
    since = min(told.told_seq, head) if is_known and not is_whole else 0
    begun = {"epoch": epoch, "scope_hash": scope_hash, "knows": peer.epoch, "block": block, "peer": peer.id}
    return since, head, {**begun, "since": since}


def _open_contents(
    node: Node, peer: PeerNode, letter: Letter, position: Position, head: int, progress: Callable[[Movement], None]
) -> Contents:
    counted = Progress(progress)
    counted.expect_records(OUT, head - position.since)
    return Contents(node=node, peer=peer, letter=write_letter(letter), position=position, head=head, progress=counted)


def _require_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise BundleUnwritable(file=path, reason="there is no such folder; is the stick plugged in?")


def _require_room(node: Node, contents: Contents, path: Path, room: Callable[[Path], int], *, kept: int) -> None:
    """Measure the bundle before it is written, where it could be too large for what is free."""
    with node.database.read() as session:
        most = holdings.most_bytes(session)
    free = room(path) + measure_replaced(path, after=kept)
    if free > most + 2 * RESERVE:
        return
    measured = Contents(
        node=node, peer=contents.peer, letter=contents.letter, position=contents.position, head=contents.head,
        progress=Progress(lambda _movement: None), read_pieces=_pretend,
    )  # fmt: skip
    needed = RESERVE + sum(len(part) + len(part) // 4_000 for part, _position in measured.parts())
    if needed > free:
        raise BundleNoRoom(needed=f"{needed:,}", folder=path.parent, free=f"{free:,}")


def _pretend(wanted: Sequence[Wanted]) -> list[Piece]:
    """Give pieces of the right length: for measuring, no file need be read."""
    return [Piece(file, offset, bytes(length)) for file, offset, length in wanted]


def _note_files_go(node: Node, peer: PeerNode) -> None:
    """Note that files may be awaited there soon: a round after this asks for them, whatever became of the stick."""
    with node.database.read() as session:
        is_quiet = peer_rounds.get_round(session, peer.id).files_there == 0
    if peer.is_centre and is_quiet:
        node.write(lambda session: peer_rounds.note_files_there(session, peer.id, -1))
