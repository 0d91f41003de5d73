"""Batches on their way to one end: the next are sent while the first is still worked in over there.

Each goes by a lane of its own, and the target takes them in turn whatever order they arrive in. So a line is never idle
while somebody works, and what breaks on one lane costs only the batch that was on it.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Self

from sync_server.core.replication_batch import Batch
from sync_server.errors import Problem
from sync_server.replication.peer import Peer, Taken

LANES = 4


class Window:
    """The batches that were sent and are not answered yet, in the order of the feed. A context manager.

    `beside` opens another lane to the target; None: there is one, and the next batch only waits for it.
    """

    def __init__(self, target: Peer, beside: Callable[[], Peer] | None = None) -> None:
        self._beside = beside
        self._lanes: SimpleQueue[Peer] = SimpleQueue()
        self._lanes.put(target)
        self._opened = 1
        self._broke: Problem | None = None
        self._sent: deque[tuple[Batch, Future[Taken]]] = deque()
        self._senders = ThreadPoolExecutor(LANES if beside else 1, thread_name_prefix="send-batch")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._senders.shutdown(cancel_futures=True)

    def __len__(self) -> int:
        return len(self._sent)

    @property
    def has_room(self) -> bool:
        """Whether another batch may be read: of one lane's, one is on its way and one waits for it."""
        return len(self._sent) < (LANES if self._beside else 2)

    @property
    def first(self) -> Batch | None:
        return self._sent[0][0] if self._sent else None

    @property
    def last(self) -> Batch | None:
        return self._sent[-1][0] if self._sent else None

    def send(self, batch: Batch) -> None:
        """Send a batch after the others."""
        self._sent.append((batch, self._submit(batch)))

    def send_first(self, batch: Batch) -> None:
        """Send a batch that comes before all others, which wait for it over there."""
        self._sent.appendleft((batch, self._submit(batch)))

    def take_first(self) -> tuple[Batch, Future[Taken]]:
        """Take the first batch out, with what will be its answer."""
        return self._sent.popleft()

    def drain(self) -> None:
        """Forget all batches, when no answer is on its way any more."""
        while self._sent:
            _, answer = self._sent.pop()
            if not answer.cancel():
                answer.exception()
        self._broke = None

    def _submit(self, batch: Batch) -> "Future[Taken]":
        if self._beside and self._sent and self._opened < LANES:
            self._lanes.put(self._beside())
            self._opened += 1
        return self._senders.submit(self._carry, batch)

    def _carry(self, batch: Batch) -> Taken:
        lane = self._lanes.get()
        try:
            return lane.take_in_turn(batch) if self._beside else self._carry_alone(lane, batch)
        finally:
            self._lanes.put(lane)

    def _carry_alone(self, lane: Peer, batch: Batch) -> Taken:
        """By the only lane: what waits behind a batch that broke off is not sent."""
        if self._broke is not None:
            raise self._broke
        try:
            return lane.take(batch)
        except Problem as problem:
            self._broke = problem
            raise
