"""Run the consumers of the change feed: from each one's checkpoint to the head, in short slices.

A consumer reads on a snapshot and returns what to write; that write and its checkpoint go into one transaction, so a
crash only repeats work. A slice aims at 50 ms, so that receiving never waits long for the processor. When a slice
fails it is repeated change by change; the change that fails is parked and said, and the others go on. When it is the
database that fails, no change is to blame: the slice is done again later.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from sync_server.node import Node
from sync_server.services.resolve_submissions import ResolveSubmissions
from sync_server.store import changes, checkpoints
from sync_server.store.changes import Change

log = logging.getLogger(__name__)

SLICE_SECONDS = 0.05
SMALLEST, LARGEST = 8, 2048

Write = Callable[[Session], None]


class Consumer(Protocol):
    """Turns changes into derived rows. Must be idempotent: any change may come again."""

    name: str

    def handle(self, session: Session, happened: Sequence[Change]) -> Write:
        """Work out, on a read session, what these changes make of the derived tables; return the write."""
        ...


class Runner:
    """Drives one consumer; remembers how many changes fit into a slice."""

    def __init__(self, node: Node, consumer: Consumer) -> None:
        self._node = node
        self._consumer = consumer
        self._size = 64

    def run_slice(self) -> float | None:
        """Handle the next changes; return the seconds it took, None when there were none."""
        with self._node.database.read() as session:
            start = checkpoints.get_checkpoint(session, self._consumer.name)
            happened = changes.iter_since(session, start, limit=self._size)
            if not happened:
                return None
            began = time.perf_counter()
            writes = self._prepare(session, happened)
        self._node.write(lambda session: self._finish(session, writes, before=start, after=happened[-1].seq))
        took = time.perf_counter() - began
        self._size = max(SMALLEST, min(LARGEST, int(self._size * min(2.0, SLICE_SECONDS / max(took, 1e-6)))))
        return took

    def _prepare(self, session: Session, happened: Sequence[Change]) -> list[Write]:
        try:
            return [self._consumer.handle(session, happened)]
        except DBAPIError:
            raise
        except Exception:  # noqa: BLE001 one by one below: what fails there is parked with its reason
            log.warning("slice failed consumer=%s seq=%d node=%s", self._consumer.name, happened[0].seq, self._node.id)
        return [self._prepare_one(session, change) for change in happened]

    def _prepare_one(self, session: Session, change: Change) -> Write:
        try:
            return self._consumer.handle(session, [change])
        except DBAPIError:
            raise
        except Exception as error:
            log.exception(
                "parked consumer=%s seq=%d key=%s node=%s", self._consumer.name, change.seq, change.key, self._node.id
            )
            reason = f"{type(error).__name__}: {error}"
            return lambda session: checkpoints.park_change(session, self._consumer.name, change.seq, reason)

    def _finish(self, session: Session, writes: Sequence[Write], *, before: int, after: int) -> None:
        """Write and move the checkpoint, unless another process did this slice meanwhile."""
        if checkpoints.move_checkpoint(session, self._consumer.name, before=before, after=after):
            for write in writes:
                write(session)


def make_runners(node: Node) -> list[Runner]:
    """One runner for each consumer, in the order in which they build upon each other."""
    return [Runner(node, ResolveSubmissions())]


def catch_up(node: Node, *, seconds: float | None = None) -> bool:
    """Bring every consumer to the head; False when `seconds` ran out first, and the reader sees an older state.

    With `seconds`, a database that cannot be written now (a full disk) is no reason to show nothing either.
    """
    if seconds is None:
        return _run_to_head(node, math.inf)
    try:
        return _run_to_head(node, time.perf_counter() + seconds)
    except OperationalError as error:
        log.warning("consumers cannot write node=%s error=%s", node.id, error.orig)
        return False


def _run_to_head(node: Node, deadline: float) -> bool:
    for runner in make_runners(node):
        while runner.run_slice() is not None:
            if time.perf_counter() > deadline:
                return False
    return True


def count_behind(node: Node) -> int:
    """How many changes the slowest consumer has not handled."""
    with node.database.read() as session:
        return checkpoints.count_behind(session, ResolveSubmissions.name)


def rebuild(node: Node) -> None:
    """Drop everything derived and make it again from what was received and decided (guarantee G5)."""
    node.write(checkpoints.forget_derived)
    catch_up(node)
