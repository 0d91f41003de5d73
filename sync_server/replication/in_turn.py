"""Wait for a batch's turn: of a peer that sends several at once, each is taken after the one it follows."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from sync_server.core.replication_batch import Batch, size_of
from sync_server.node import Node
from sync_server.services.peer_scope_hash import scope_hash_of
from sync_server.store import peer_cursors
from sync_server.store.peers import PeerNode, get_peer

LONGEST_SECONDS = 45.0  # shorter than a sender waits for an answer
LOOK_SECONDS = 0.05  # another process of this node may be the one that takes the batch before
MOST_WAITING, MOST_OF_ONE = 16, 4  # of the threads that answer requests: tablets need them, too
MOST_BYTES = 8_000_000  # unpacked, of a batch that waits in memory; senders send less at once

_waiting: Counter[str] = Counter()
_lock = threading.Lock()


def wait_for_turn(node: Node, peer: PeerNode, batch: Batch) -> None:
    """Wait until what a batch follows is taken; when that does not come in time, taking it says so."""
    if not _is_early(node, peer, batch) or sum(map(size_of, batch.items)) > MOST_BYTES:
        return
    with _place(peer.id) as has_place:
        ends = time.monotonic() + (LONGEST_SECONDS if has_place else 0)
        pause = threading.Event()
        while time.monotonic() < ends and _is_early(node, peer, batch):
            pause.wait(LOOK_SECONDS)


@contextmanager
def _place(peer_id: str) -> Iterator[bool]:
    with _lock:
        has_place = _waiting[peer_id] < MOST_OF_ONE and _waiting.total() < MOST_WAITING
        _waiting[peer_id] += has_place
    try:
        yield has_place
    finally:
        with _lock:
            _waiting[peer_id] -= has_place


def _is_early(node: Node, peer: PeerNode, batch: Batch) -> bool:
    """Whether something before this batch is missing; one of another feed, or under another scope, has no turn."""
    with node.database.read() as session:
        current = get_peer(session, peer.id)
        has = peer_cursors.get_cursor(session, peer.id, batch.epoch, batch.scope_hash) or 0
        is_in_force = (batch.epoch, batch.scope_hash) == (current.epoch, scope_hash_of(session, current))
        return current.is_active and is_in_force and has < batch.since
