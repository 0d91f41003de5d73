"""Take a bundle: prove and judge all of it first, then take batch after batch and file after file, as from a line.

Nothing is written before the last byte was looked at. What was taken when the stick is pulled out is stored, and the
same bundle taken again goes on where it was. Then an acknowledgement is left beside it, for the way back.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from sync_server.core.bundle_format import AWAITED, BATCH, END, HEADER, PIECES, BundleBroken
from sync_server.core.replication_batch import Batch, decompress, unpack
from sync_server.core.replication_pieces import LARGEST_HEAD, AwaitedFile, unpack_awaited, unpack_pieces
from sync_server.errors import Problem
from sync_server.node import Node
from sync_server.peer_errors import (
    BundleDamaged,
    BundleMissing,
    BundleOutdated,
    BundleUnreadable,
    BundleVolumeMissing,
    NoRoomToTake,
)
from sync_server.replication import greeting
from sync_server.replication.bundle_letter import Letter, read_letter
from sync_server.replication.bundle_make import make_acknowledgement
from sync_server.replication.bundle_reading import OpenedBundle, open_bundle, reading
from sync_server.replication.bundle_rules import Judgement, Span, judge
from sync_server.replication.lease import hold
from sync_server.replication.local import LocalPeer
from sync_server.replication.progress import Progress
from sync_server.replication.records_lane import IN
from sync_server.replication.wire import unpack_object
from sync_server.replication.wire_fields import number_of
from sync_server.services.peer_status import Movement
from sync_server.store import changes, peer_rounds
from sync_server.store.peers import PeerNode, change_peer, get_peer

log = logging.getLogger(__name__)

ACKNOWLEDGED = ".ack"
CHANGED = "it is not there any more as it was when it was checked"


@dataclass(slots=True, kw_only=True)
class Inspected:
    """What a bundle holds, found out without taking any of it."""

    letter: Letter
    span: Span | None = None
    lacking: tuple[AwaitedFile, ...] = ()
    file_bytes: int = 0
    is_ended: bool = False


@dataclass(slots=True, kw_only=True)
class TakenBundle:
    """What became of a bundle. `acknowledgement`: where it was left; None: nowhere, for the reason that is said."""

    name: str
    is_acknowledgement: bool
    is_late: bool
    stored: int = 0
    known: int = 0
    refused: int = 0
    files: int = 0
    seq: int = 0
    acknowledgement: Path | None = None
    not_acknowledged: str = ""
    lacking: tuple[AwaitedFile, ...] = field(default=(), repr=False)


def take_bundle(
    node: Node, path: Path, *, progress: Callable[[Movement], None] = lambda _movement: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> TakenBundle:  # fmt: skip
    """Take a bundle or an acknowledgement; raise a Problem when it is refused, with nothing taken of it."""
    counted = Progress(progress)
    bundle = open_bundle(node, path)
    inspected = inspect_bundle(bundle, counted)
    try:
        judged = judge(node, bundle.peer, bundle.path.name, inspected.letter, inspected.span)
    except (BundleMissing, BundleOutdated):
        _acknowledge(node, bundle)  # it says what the next bundle has to begin with
        raise
    if not node.has_room(inspected.file_bytes):
        raise NoRoomToTake(file=bundle.path.name, needed=f"{inspected.file_bytes:,}")
    taken = TakenBundle(
        name=bundle.peer.name, is_acknowledgement=bundle.is_acknowledgement, is_late=judged.is_late,
        lacking=inspected.lacking,
    )  # fmt: skip
    with hold(node, bundle.peer.id, clock):
        _hear(node, bundle, inspected, judged)
        if not bundle.is_acknowledgement:
            _take_parts(node, bundle, judged, inspected, taken, counted)
    if not bundle.is_acknowledgement:
        taken.acknowledgement, taken.not_acknowledged = _acknowledge(node, bundle)
    counted.tell(at_once=True)
    return taken


def inspect_bundle(bundle: OpenedBundle, counted: Progress) -> Inspected:
    """Go through all of a bundle, and take nothing of it; raise a Problem for whatever is wrong with it."""
    inspected: Inspected | None = None
    with reading(bundle.path):
        for kind, payload in bundle.frames(counted.move_bytes):
            if inspected is None:
                inspected = Inspected(letter=read_letter(payload) if kind == HEADER else _no_bundle())
                _require(inspected.letter.greeting.node == bundle.peer.id, "it is the letter of another node")
            else:
                _inspect(inspected, kind, payload)
        _require(inspected is not None and inspected.is_ended, "its end is missing")
    assert inspected is not None
    return inspected


def _inspect(inspected: Inspected, kind: bytes, payload: bytes) -> None:
    _require(not inspected.is_ended and kind != HEADER, "its parts are in another order than they should")
    if kind == BATCH:
        inspected.span = _extend(inspected, unpack(payload))
    elif kind == PIECES:
        inspected.file_bytes += sum(len(piece.content) for piece in unpack_pieces(payload))
    elif kind == AWAITED:
        inspected.lacking = tuple(unpack_awaited(decompress(payload, largest=LARGEST_HEAD)))
    elif kind == END:
        number_of(unpack_object(payload), "until")
        inspected.is_ended = True


def _extend(inspected: Inspected, batch: Batch) -> Span:
    """Join a batch to those before it: each begins where the last one ended, and is of one feed under one scope."""
    span = inspected.span or Span(batch.epoch, batch.scope_hash, batch.since, batch.since)
    follows = batch.since == span.until <= batch.until
    is_of_it = batch.epoch == inspected.letter.greeting.epoch == span.epoch and batch.scope_hash == span.scope_hash
    _require(follows and is_of_it, "its batches do not follow each other")
    return Span(span.epoch, span.scope_hash, span.since, batch.until)


def _hear(node: Node, bundle: OpenedBundle, inspected: Inspected, judged: Judgement) -> None:
    """Note what the sender said of itself. What is late only tells how much it has: that never becomes less."""
    letter, peer_id = inspected.letter, bundle.peer.id
    said = letter.greeting
    if not judged.is_late:
        greeting.read_letter(node, peer_id, said)
        _note_files(node, peer_id, letter)
        return
    with node.database.read() as session:
        told, epoch = peer_rounds.get_round(session, peer_id), changes.epoch(session)
        is_scope = said.scope_hash == get_peer(session, peer_id).scope_hash
    if is_scope and said.taken_epoch == told.told_epoch == epoch and (said.taken_seq or 0) > told.told_seq:
        node.write(lambda session: peer_rounds.note_told(session, peer_id, epoch=epoch, seq=said.taken_seq))


def _note_files(node: Node, peer_id: str, letter: Letter) -> None:
    """Note how many files of ours the sender awaits; that it awaits none only once it has all that names any."""
    with node.database.read() as session:
        taken = letter.greeting.taken_seq if letter.greeting.taken_epoch == changes.epoch(session) else None
        has_all = (taken or 0) >= changes.head(session)
    if letter.awaited or has_all:
        node.write(lambda session: peer_rounds.note_files_there(session, peer_id, letter.awaited))


def _without_place(batch: Batch, peer: PeerNode) -> Batch:
    """Take what a batch has, and note of no feed that it was taken up to there."""
    return replace(batch, epoch=peer.epoch or batch.epoch, since=0, until=0)


def _take_parts(
    node: Node, bundle: OpenedBundle, judged: Judgement, inspected: Inspected, taken: TakenBundle, counted: Progress
) -> None:
    end = LocalPeer(node, bundle.peer.id)
    head = inspected.span.until if inspected.span else 0
    for kind, payload in _frames_once_more(bundle):
        if kind == BATCH and judged.has_records:
            batch = unpack(payload)
            became = end.take(batch if judged.moves else _without_place(batch, bundle.peer))
            taken.stored += became.stored
            taken.known += became.known
            taken.refused += len(became.refused)
            taken.seq = became.seq
            counted.move_records(IN, batch.until - batch.since, head - batch.until)
        elif kind == PIECES:
            whole = end.write_pieces(unpack_pieces(payload))
            taken.files += whole
            counted.move_files(IN, whole)
    if judged.has_records and not judged.moves:
        node.write(lambda session: _offer_again(session, bundle.peer.id))


def _offer_again(session: Session, peer_id: str) -> None:
    """Count nothing so far as an echo of the peer: what it sent from a feed that ended it may not have any more."""
    change_peer(session, peer_id, echo_floor=changes.head(session))


def _frames_once_more(bundle: OpenedBundle) -> Iterator[tuple[bytes, bytes]]:
    """Yield the parts that were found whole, each proven again: the stick may have been exchanged, or pulled out."""
    try:
        yield from bundle.frames()
    except (BundleDamaged, BundleVolumeMissing) as error:  # which say that nothing was taken
        raise BundleUnreadable(file=bundle.path.name, reason=CHANGED) from error


def _acknowledge(node: Node, bundle: OpenedBundle) -> tuple[Path | None, str]:
    """Leave an acknowledgement beside the bundle; where that cannot be, say why: the bundle is taken all the same."""
    path = bundle.path.with_name(bundle.path.name + ACKNOWLEDGED)
    if bundle.is_acknowledgement:
        return None, ""
    try:
        make_acknowledgement(node, bundle.peer.id, path)
    except Problem as problem:
        log.warning("no acknowledgement peer=%s node=%s error=%s", bundle.peer.id, node.id, problem.code)
        return None, problem.text
    return path, ""


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise BundleBroken(reason)


def _no_bundle() -> Letter:
    raise BundleBroken("its parts are in another order than they should")
