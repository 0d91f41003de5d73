"""Group commit: many requests, one transaction, each answered after the commit.

One thread owns writing. It takes what waits, runs it as a single transaction and only then lets the callers go, so
sixty-four uploads cost one fsync. Items of the same operation that follow one another are handed to it together (an
operation takes a list and returns a list), which also saves statements. When a batch fails it is run again item by
item, each in its own transaction, so one bad item cannot take others with it.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from sync_server.store.engine import Database

A = TypeVar("A")
R = TypeVar("R")
Operation = Callable[[Session, Sequence[A]], Sequence[R]]

BATCH = 256  # more gains nothing: the fsync is shared long before
BUSY_SECONDS = 0.2


@dataclass(slots=True)
class _Item:
    operation: Operation[Any, Any]
    argument: Any
    done: threading.Lock = field(default_factory=threading.Lock)  # held until the item is done; an Event is three locks
    result: Any = None
    error: BaseException | None = None

    def __post_init__(self) -> None:
        self.done.acquire()


class Writer:
    """The one writer of a process. `submit` blocks until the item's transaction is durable."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: SimpleQueue[_Item | None] = SimpleQueue()
        self._last_submitted = 0.0
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, operation: Operation[A, R], argument: A) -> R:
        """Run `operation(session, [..., argument, ...])` in the next commit; return its result for the argument."""
        self._last_submitted = time.monotonic()
        result: R = self._wait_for(_Item(operation, argument))
        return result

    def run(self, function: Callable[[Session], R]) -> R:
        """Run one function in the next commit; return what it returns."""
        result: R = self._wait_for(_Item(_call, function))
        return result

    def is_busy(self) -> bool:
        """Whether somebody waited for an answer a moment ago; `run`, which the background uses, does not count."""
        return time.monotonic() - self._last_submitted < BUSY_SECONDS

    @property
    def waiting(self) -> int:
        """How many items are not taken up yet."""
        return self._queue.qsize()

    def _wait_for(self, item: _Item) -> Any:
        self._queue.put(item)
        item.done.acquire()
        if item.error is not None:
            raise item.error
        return item.result

    def close(self) -> None:
        """Finish what waits, then stop."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while batch := self._take():
            self._commit(batch)
            for item in batch:
                item.done.release()

    def _take(self) -> list[_Item]:
        item = self._queue.get()
        batch: list[_Item] = []
        while item is not None:
            batch.append(item)
            if len(batch) == BATCH:
                return batch
            try:
                item = self._queue.get_nowait()
            except Empty:
                return batch
        if batch:  # told to stop while work waits: do the work, stop at the next turn
            self._queue.put(None)
        return batch

    def _commit(self, batch: list[_Item]) -> None:
        try:
            self._transact(batch)
        except BaseException as error:  # noqa: BLE001 whoever waits for the item gets it
            if len(batch) == 1:
                batch[0].error = error
            else:
                for item in batch:
                    self._commit([item])

    def _transact(self, batch: list[_Item]) -> None:
        with self._database.write() as session:
            # Functions last: a consumer's locks its checkpoint. Were uploads, which lock the feed, now before and now
            # behind it, two processes on PostgreSQL would wait for each other.
            for operation, items in _runs(sorted(batch, key=lambda item: item.operation is _call)):
                results = operation(session, [item.argument for item in items])
                for item, result in zip(items, results, strict=True):
                    item.result = result


def _runs(batch: list[_Item]) -> Iterator[tuple[Operation[Any, Any], list[_Item]]]:
    for operation, items in groupby(batch, key=lambda item: item.operation):
        yield operation, list(items)


def _call(session: Session, functions: Sequence[Callable[[Session], Any]]) -> list[Any]:
    return [function(session) for function in functions]
