"""Bring what one end has to the other: the records lane of a round, in one direction.

It is the same whichever end is the local one, and knows nothing of a node but what an end can do (`peer.py`). The
cursor is the target's and moves with what it stores, so this may break off anywhere and begin again from there: a break
repeats one batch at most.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sync_server.core.replication_batch import Batch, size_of
from sync_server.peer_errors import BatchUnreadable, CursorElsewhere, PeerAway
from sync_server.replication.batch_size import BatchSize
from sync_server.replication.peer import Limits, Peer, Refusal

JUMPS = 3  # times a target may send us elsewhere before the round ends: its scope or feed changed under it


@dataclass(frozen=True, slots=True)
class Step:
    """One batch that the target has stored."""

    batch: Batch
    seq: int  # how much of the source's feed the target has now
    stored: int
    known: int
    refused: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a journey came. Quiet: everything that the source had at the end is there."""

    seq: int
    is_quiet: bool


def _ignore(_step: Step) -> None:
    pass


def replicate(
    source: Peer,
    target: Peer,
    *,
    since: int | None,
    ask_until: int | None = None,
    sizes: BatchSize,
    progress: Callable[[Step], None] = _ignore,
    stop: Callable[[], bool] = lambda: False,
    meter: Callable[[], int] = lambda: 0,
) -> Outcome:
    """Bring over what the source has after `since`, batch by batch, until nothing is left or `stop()` says so.

    `since` None: the target never took of this feed under this scope. Then it is asked first what it lacks, up to the
    head of that moment; `ask_until` goes on with such a journey that broke off. `meter` reads how many bytes travelled,
    for the ratio of packing. Raises what either end raises: PeerAway when the line broke, after halving `sizes`.
    """
    journey = _Journey(source, target, sizes, progress, stop, meter)
    with _halving(sizes):
        start = since or 0
        if since is None or (ask_until is not None and start < ask_until):
            start, is_quiet = journey.ask(start, ask_until)
            if is_quiet or stop():
                return Outcome(start, is_quiet)
        return journey.send(start)


@contextmanager
def _halving(sizes: BatchSize) -> Iterator[None]:
    try:
        yield
    except PeerAway:
        sizes.broke()
        raise


@dataclass(slots=True)
class _Journey:
    source: Peer
    target: Peer
    sizes: BatchSize
    progress: Callable[[Step], None]
    stop: Callable[[], bool]
    meter: Callable[[], int]
    jumps: int = 0
    metered: int = 0

    def ask(self, since: int, until: int | None) -> tuple[int, bool]:
        """Send what the target says it lacks, up to a change (None: the head at the first answer)."""
        while not self.stop():
            header, names = self.source.read_names(since, self._limits())
            until = header.head if until is None else until
            since = self._take(self._fetch(_checked(header, since), names))
            self.sizes.succeeded()  # names and what is lacking: no measure of how well items pack
            if since >= header.head:
                return since, True
            if since >= until:
                break
        return since, False

    def send(self, since: int) -> Outcome:
        """Send batches without asking; the next one is read while one is on its way."""
        self.metered = self.meter()
        with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as ahead:
            batch = self._read(since)
            while not self.stop():
                following = self._read_ahead(ahead, batch)
                reached = self._take(batch)
                self._learn(batch)
                if reached >= batch.head:
                    return Outcome(reached, is_quiet=True)
                since = reached
                batch = _next(following, batch, reached) or self._read(since)
        return Outcome(since, is_quiet=False)

    def _read(self, since: int) -> Batch:
        return _checked(self.source.read_changes(since, self._limits()), since)

    def _read_ahead(self, ahead: Executor, batch: Batch) -> "Future[Batch] | None":
        return ahead.submit(self._read, batch.until) if batch.until < batch.head else None

    def _fetch(self, header: Batch, names: Sequence[str]) -> Batch:
        lacking = self.target.find_lacking(names) if names else ()
        items = self.source.read_items(lacking, header).items if lacking else header.items
        return replace(header, items=items)  # covers the same changes: what is left out is there already

    def _take(self, batch: Batch) -> int:
        """Have the target store a batch; return where it stands now, which may be elsewhere."""
        try:
            taken = self.target.take(batch)
        except CursorElsewhere as error:
            return self._jump(batch, error)
        self.progress(Step(batch, taken.seq, taken.stored, taken.known, taken.refused))
        return max(taken.seq, batch.until)

    def _jump(self, batch: Batch, error: CursorElsewhere) -> int:
        """Go on from the target's own cursor, as long as it is one of this feed and not the one just tried."""
        self.jumps += 1
        seq = error.details.get("seq")
        is_usable = isinstance(seq, int) and error.details.get("epoch") == batch.epoch and seq != batch.since
        if not is_usable or self.jumps > JUMPS:
            raise error
        assert isinstance(seq, int)
        return seq

    def _learn(self, batch: Batch) -> None:
        before, self.metered = self.metered, self.meter()
        self.sizes.succeeded(self.metered - before, sum(map(size_of, batch.items)))

    def _limits(self) -> Limits:
        return Limits(bytes=self.sizes.unpacked)


def _checked(batch: Batch, since: int) -> Batch:
    """Refuse a batch that does not follow, or leads nowhere: it would be asked for without end."""
    if batch.since != since or batch.until < since or (batch.until == since and batch.head > since):
        raise BatchUnreadable(reason=f"it does not go on after change {since}")
    return batch


def _next(following: "Future[Batch] | None", batch: Batch, reached: int) -> Batch | None:
    """Return what was read ahead, if it is what comes now."""
    if following is None:
        return None
    ahead = following.result()
    return ahead if reached == batch.until else None
