"""Bring what one end has to the other: the records lane of a round, in one direction.

It is the same whichever end is the local one, and knows nothing of a node but what an end can do (`peer.py`). The
cursor is the target's and moves with what it stores, so this may break off anywhere and begin again from there: a break
repeats one batch at most.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sync_server.core.replication_batch import Batch, size_of
from sync_server.peer_errors import BatchUnreadable, CursorElsewhere, PeerAway
from sync_server.replication.batch_size import BatchSize
from sync_server.replication.peer import Limits, Peer, Refusal, Taken
from sync_server.replication.window import Window

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


def _give_up(problem: PeerAway) -> None:
    raise problem


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
    beside: Callable[[], Peer] | None = None,
    broke: Callable[[PeerAway], None] = _give_up,
) -> Outcome:
    """Bring over what the source has after `since`, batch by batch, until nothing is left or `stop()` says so.

    `since` None: the target never took of this feed under this scope. Then it is asked first what it lacks, up to the
    head of that moment; `ask_until` goes on with such a journey that broke off. `meter` reads how many bytes travelled,
    for the ratio of packing. `beside` opens another lane to a target that is far away. A lane that breaks while others
    hold is told to `broke`, which waits or raises; what was on it is sent again. Raises what either end raises:
    PeerAway when the line broke, after halving `sizes`.
    """
    journey = _Journey(source, target, sizes, progress, stop, meter, beside, broke)
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
    beside: Callable[[], Peer] | None
    broke: Callable[[PeerAway], None]
    jumps: int = 0
    metered: int = 0
    is_careful: bool = False  # the line broke: one batch after another

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
        """Send batches without asking; the next are read, and sent, while the first is not answered yet."""
        self.metered, reached = self.meter(), since
        with Window(self.target, self.beside) as window:
            while window or not self.stop():
                if not self.stop():
                    self._fill(window, reached)
                batch, answer = window.take_first()
                try:
                    reached = max(reached, self._note(batch, answer.result()))
                except CursorElsewhere as error:
                    reached = self._jump(batch, error)
                    window.drain()
                except PeerAway as problem:
                    self._mend(problem, window)
                else:
                    if reached >= batch.head and not window:
                        return Outcome(reached, is_quiet=True)
        return Outcome(reached, is_quiet=False)

    def _fill(self, window: Window, reached: int) -> None:
        """Send what comes next, and what comes after that as far as there is room."""
        if window.first is None or window.first.since > reached:
            window.send_first(self._read(reached))
        while window.last and window.last.until < window.last.head and window.has_room and not self.is_careful:
            if self.beside:
                self.sizes.sent()
            try:
                window.send(self._read(window.last.until))
            except PeerAway:  # what is on its way is waited for first; then this is read again
                self.is_careful = True

    def _mend(self, problem: PeerAway, window: Window) -> None:
        """After a break go on with less, if others are still on their way; else end the journey."""
        if not window or self.beside is None or self.stop():
            raise problem
        self.sizes.broke()
        self.is_careful = True
        self.broke(problem)

    def _read(self, since: int) -> Batch:
        return _checked(self.source.read_changes(since, self._limits()), since)

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
        return self._tell(batch, taken)

    def _tell(self, batch: Batch, taken: Taken) -> int:
        self.progress(Step(batch, taken.seq, taken.stored, taken.known, taken.refused))
        return max(taken.seq, batch.until)

    def _note(self, batch: Batch, taken: Taken) -> int:
        before, self.metered = self.metered, self.meter()
        self.sizes.succeeded(taken.packed or self.metered - before, sum(map(size_of, batch.items)))
        return self._tell(batch, taken)

    def _jump(self, batch: Batch, error: CursorElsewhere) -> int:
        """Go on from the target's own cursor, as long as it is one of this feed and not the one just tried."""
        self.jumps += 1
        seq = error.details.get("seq")
        is_usable = isinstance(seq, int) and error.details.get("epoch") == batch.epoch and seq != batch.since
        if not is_usable or self.jumps > JUMPS:
            raise error
        assert isinstance(seq, int)
        return seq

    def _limits(self) -> Limits:
        return Limits(bytes=self.sizes.unpacked)


def _checked(batch: Batch, since: int) -> Batch:
    """Refuse a batch that does not follow, or leads nowhere: it would be asked for without end."""
    if batch.since != since or batch.until < since or (batch.until == since and batch.head > since):
        raise BatchUnreadable(reason=f"it does not go on after change {since}")
    return batch
