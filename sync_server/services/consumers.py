"""Run the consumers of the change feed: from each one's checkpoint to the head, in short slices.

A consumer reads on a snapshot and returns what to write; that write and its checkpoint go into one transaction, so a
crash only repeats work. A slice aims at 50 ms of processor, so that receiving never waits long for it. What it waits
for (the writer, the disk, a busy machine) costs the same for few changes as for many: were it counted, slices would
become the smaller the slower the machine is, and come to no end. When a slice fails it is repeated change by change;
the change that fails is parked and said, and the others go on. When it is the database or the disk that fails, no
change is to blame: the slice is done again later.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from sync_server.node import Node
from sync_server.services import maintain_warehouse
from sync_server.services.build_entities import BuildEntities
from sync_server.services.build_warehouse import BuildWarehouse
from sync_server.services.mark_versions import MarkVersions
from sync_server.services.resolve_submissions import ResolveSubmissions
from sync_server.store import changes, checkpoints, segment_writes
from sync_server.store.changes import Change

log = logging.getLogger(__name__)

SLICE_SECONDS = 0.05
WAREHOUSE_SLICE_SECONDS = 1.0  # files cost some tens of milliseconds however small; writing them frees the processor
MARKS_SLICE_SECONDS = 0.1  # eight questions to the database, however few versions
SMALLEST, LARGEST = 8, 2048
_NAMES = (ResolveSubmissions.name, BuildEntities.name, BuildWarehouse.name)

Write = Callable[[Session], None]


class Consumer(Protocol):
    """Turns changes into derived rows. Must be idempotent: any change may come again."""

    name: str

    def handle(self, session: Session, happened: Sequence[Change]) -> Write:
        """Work out, on a read session, what these changes make of the derived tables; return the write."""
        ...


class Runner:
    """Drives one consumer; remembers how many changes fit into a slice.

    `follows` names the consumer on whose rows it builds, beyond which it never goes; `turn` keeps two threads from
    doing the same slice twice.
    """

    def __init__(
        self,
        node: Node,
        consumer: Consumer,
        *,
        follows: str | None = None,
        slice_seconds: float = SLICE_SECONDS,
        smallest: int = SMALLEST,
        turn: AbstractContextManager[Any] | None = None,
    ) -> None:
        self._node = node
        self._consumer = consumer
        self._follows = follows
        self._slice_seconds = slice_seconds
        self._smallest = smallest
        self._size = max(smallest, 64)
        self._turn = turn or nullcontext()

    @property
    def builds_on_another(self) -> bool:
        return self._follows is not None

    def run_slice(self) -> float | None:
        """Handle the next changes; return the seconds of processor it took, None when there were none."""
        with self._turn:
            return self._run_slice()

    def _run_slice(self) -> float | None:
        with self._node.database.read() as session:
            start = checkpoints.get_checkpoint(session, self._consumer.name)
            happened = self._next(session, start)
            if not happened:
                return None
            began = time.thread_time()
            writes = self._prepare(session, happened)
            took = time.thread_time() - began
        self._node.write(lambda session: self._finish(session, writes, before=start, after=happened[-1].seq))
        grown = self._size * min(2.0, self._slice_seconds / max(took, 1e-6))
        self._size = max(self._smallest, min(LARGEST, int(grown)))
        return took

    def _next(self, session: Session, start: int) -> list[Change]:
        if self._follows is None:
            return changes.iter_since(session, start, limit=self._size)
        end = checkpoints.get_checkpoint(session, self._follows)
        following = changes.iter_since(session, start, limit=self._size) if end > start else []
        resolved = [change for change in following if change.seq <= end]
        return _without_last(resolved) if len(resolved) == self._size else resolved

    def _prepare(self, session: Session, happened: Sequence[Change]) -> list[Write]:
        try:
            return [self._consumer.handle(session, happened)]
        except (DBAPIError, OSError):
            raise
        except Exception:  # noqa: BLE001 one by one below: what fails there is parked with its reason
            log.warning("slice failed consumer=%s seq=%d node=%s", self._consumer.name, happened[0].seq, self._node.id)
        return [self._prepare_one(session, change) for change in happened]

    def _prepare_one(self, session: Session, change: Change) -> Write:
        try:
            return self._consumer.handle(session, [change])
        except (DBAPIError, OSError):
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


def _without_last(happened: list[Change]) -> list[Change]:
    """Leave what the last changes are about to the next slice, which may have more on it: else it is built twice."""
    key = happened[-1].key
    count = next((n for n, change in enumerate(reversed(happened)) if change.key != key), 0)
    return happened[: len(happened) - count] if count else happened


def make_runners(node: Node) -> list[Runner]:
    """One runner for each consumer, in the order in which they build upon each other."""
    return [Runner(node, ResolveSubmissions()), _warehouse_runner(node), _marks_runner(node), _entities_runner(node)]


def _entities_runner(node: Node) -> Runner:
    # Two dozen statements however small the slice: in slices of eight they were most of the work.
    return Runner(node, BuildEntities(), follows=ResolveSubmissions.name, smallest=SMALLEST * 8)


def _warehouse_runner(node: Node) -> Runner:
    return Runner(
        node,
        BuildWarehouse(node.warehouse, ZoneInfo(node.settings.timezone)),
        follows=ResolveSubmissions.name,
        slice_seconds=WAREHOUSE_SLICE_SECONDS,
        smallest=LARGEST // 4,
        turn=node.warehouse.building,
    )


def _marks_runner(node: Node) -> Runner:
    return Runner(node, MarkVersions(), follows=ResolveSubmissions.name, slice_seconds=MARKS_SLICE_SECONDS)


def catch_up(node: Node, *, seconds: float | None = None) -> bool:
    """Bring every consumer to the head; False when `seconds` ran out first, and the reader sees an older state.

    With `seconds`, a database that cannot be written now (a full disk) is no reason to show nothing either.
    """
    return _within(node, seconds, _run_to_head)


def resolve_received(node: Node, *, seconds: float | None = None) -> bool:
    """The same for the states of the submissions alone, for readers that do not read the warehouse."""
    return _within(node, seconds, _resolve_to_head)


def fold_received(node: Node, *, seconds: float | None = None) -> bool:
    """The same for entities, for who reads or changes them."""
    return _within(node, seconds, _fold_to_head)


def mark_received(node: Node, *, seconds: float) -> bool:
    """The same for the marks, for who compares this node with another; False: some are not made yet."""
    return _within(node, seconds, _mark_to_head)


def _within(node: Node, seconds: float | None, run: Callable[[Node, float], bool]) -> bool:
    if seconds is None:
        return run(node, math.inf)
    try:
        return run(node, time.perf_counter() + seconds)
    except OperationalError as error:
        log.warning("consumers cannot write node=%s error=%s", node.id, error.orig)
    except OSError as error:
        log.warning("consumers cannot write node=%s error=%s", node.id, error)
    return False


def _run_to_head(node: Node, deadline: float) -> bool:
    if not _fold_to_head(node, deadline):
        return False
    with node.warehouse.turn(node.warehouse.building, deadline) as is_mine:
        if not is_mine or not _drain(_warehouse_runner(node), deadline):
            return False
    return maintain_warehouse.renew_stale(node, deadline=deadline)


def _resolve_to_head(node: Node, deadline: float) -> bool:
    return _drain(Runner(node, ResolveSubmissions()), deadline)


def _fold_to_head(node: Node, deadline: float) -> bool:
    return _resolve_to_head(node, deadline) and _drain(_entities_runner(node), deadline)


def _mark_to_head(node: Node, deadline: float) -> bool:
    return _resolve_to_head(node, deadline) and _drain(_marks_runner(node), deadline)


def _drain(runner: Runner, deadline: float) -> bool:
    while runner.run_slice() is not None:
        if time.perf_counter() > deadline:
            return False
    return True


def count_behind(node: Node) -> int:
    """How many changes the slowest consumer has not handled."""
    with node.database.read() as session:
        return max(checkpoints.count_behind(session, name) for name in _NAMES)


def count_unresolved(node: Node) -> int:
    """How many changes do not show in the states of the submissions yet; exports may be further behind."""
    with node.database.read() as session:
        return checkpoints.count_behind(session, ResolveSubmissions.name)


def rebuild(node: Node) -> None:
    """Drop everything derived and make it again from what was received and decided (guarantee G5)."""
    node.write(_forget_derived)
    catch_up(node)
    _mark_to_head(node, math.inf)
    maintain_warehouse.compact(node)


def _forget_derived(session: Session) -> None:
    segment_writes.retire_all(session, datetime.now(UTC))
    checkpoints.forget_derived(session)
