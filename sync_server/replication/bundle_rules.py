"""Judge a bundle before anything of it is taken: by what this node knows of who made it, and of what came since.

Over a line both ends tell each other where they stand before anything moves. A bundle is a letter: written when its
maker knew less, and it may come late, or after a later one. What would be skipped, put back or counted twice by taking
it is refused whole.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from sync_server.node import Node
from sync_server.peer_errors import BundleMissing, BundleOutdated, PeerStopped
from sync_server.replication.bundle_letter import Letter
from sync_server.replication.greeting import last_word
from sync_server.replication.peer import Greeting
from sync_server.services import peer_tickets
from sync_server.services.peer_scope_hash import scope_hash_of
from sync_server.store import changes, nodes, peer_cursors
from sync_server.store.peers import PeerNode

RESTORED_HERE = "this node was restored after the other last heard of it"
RESTORED_THERE = "it was made before the other node was restored"
OLDER_COPY = "an older copy of the other node made it"
OTHER_SCOPE = "what the two nodes share was changed since"
HEARD_SINCE = "later word of the other node came before it"


@dataclass(frozen=True, slots=True)
class Span:
    """The changes of the sender's feed that a bundle has, and under which scope."""

    epoch: str
    scope_hash: str
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a bundle is taken. Late: something the sender said later is known here; `has_records`: they are taken.

    `moves`: that they were is noted. Not so of a feed that ended in a restore; nor when a hub shows a ticket of before
    its last one: it has called since, or a copy of it has, whose feed is another. Versions, receipts and decisions may
    come twice, but none may be passed over.
    """

    is_late: bool
    has_records: bool
    moves: bool = True


def judge(node: Node, peer: PeerNode, file: str, letter: Letter, span: Span | None) -> Judgement:
    """Say how a bundle is to be taken; raise BundleOutdated, BundleMissing or PeerStopped when it is not."""
    said = letter.greeting
    with node.database.read() as session:
        fault = _find_fault(session, node, peer, letter)
        is_late = _is_late(peer, said)
        furthest = peer_cursors.find_furthest(session, peer.id, said.epoch)
        scope_hash = scope_hash_of(session, peer)
        cursor = peer_cursors.get_cursor(session, peer.id, said.epoch, span.scope_hash) if span else None
    if fault is None and not is_late and said.head < furthest:
        fault = OLDER_COPY
    if fault is None and span is not None:
        fault = _find_scope_fault(peer, span, scope_hash, is_late=is_late, is_known=cursor is not None)
    is_ahead = span is not None and span.until > (cursor or 0)
    if fault is None and is_ahead and is_late and peer.is_centre:
        fault = HEARD_SINCE
    if fault is not None:
        raise BundleOutdated(file=file, name=peer.name, reason=fault)
    if span is not None and span.since > (cursor or 0):
        raise BundleMissing(file=file, name=peer.name, since=span.since, seq=cursor or 0)
    # A centre's records are as they were when they were read, and it may have changed or withdrawn them since.
    has_records = not (is_late and peer.is_centre)
    is_void = is_ahead and not peer.is_centre and peer_tickets.is_void(node, peer, letter.ticket, said.epoch)
    is_of_that_feed = peer.epoch in (None, said.epoch) or not is_late
    return Judgement(is_late, has_records, moves=is_of_that_feed and not is_void)


def _find_fault(session: Session, node: Node, peer: PeerNode, letter: Letter) -> str | None:
    said, epoch = letter.greeting, changes.epoch(session)
    if nodes.get_id(session) != node.id or letter.knows not in (None, epoch):
        return RESTORED_HERE
    if said.epoch in peer.epochs[:-1]:
        return RESTORED_THERE
    if said.taken_epoch == epoch and (said.taken_seq or 0) > changes.head(session):
        raise PeerStopped  # it has more of this feed than there is: this machine is the copy
    return None


def _is_late(peer: PeerNode, said: Greeting) -> bool:
    """Tell whether the sender was heard of later, by its own clock, and that only.

    A feed never met that is of before the last word is one from between two restores: it may have what is nowhere else,
    but to follow it would make of the feed that goes on now a retired one, and of its maker a copy that is stopped.
    """
    last = last_word(peer)
    is_of_then = said.epoch == peer.epoch or said.epoch not in peer.epochs
    return is_of_then and last is not None and said.clock < last


def _find_scope_fault(peer: PeerNode, span: Span, scope_hash: str, *, is_late: bool, is_known: bool) -> str | None:
    """A centre rules the scope, so a hub takes a new one over from it; never one that was in force before."""
    if span.scope_hash == scope_hash:
        return None
    return None if peer.is_centre and not is_late and not is_known else OTHER_SCOPE
