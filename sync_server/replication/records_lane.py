"""The records lane of a round: greet, pull, push, until a greeting says that neither end has anything for the other.

After a break it greets again: the greeting costs less than a batch, and says where each receiver really stands.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any, cast

from sync_server.core.replication_batch import Batch
from sync_server.core.replication_items import AttachmentItem
from sync_server.node import Node
from sync_server.peer_errors import BatchUnreadable, CursorElsewhere, PeerAway
from sync_server.replication.batch_size import BatchSize, for_sending_ahead
from sync_server.replication.patience import Patience
from sync_server.replication.peer import Greeting, Limits, Peer
from sync_server.replication.progress import Progress
from sync_server.replication.replicator import Outcome, Step, replicate
from sync_server.store import peer_rounds, refusals
from sync_server.store.peers import get_peer

IN, OUT = "in", "out"
RETRIED = (PeerAway, CursorElsewhere, BatchUnreadable)  # what another greeting or another try can mend


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One direction as a greeting found it: what the receiver has of a feed (None: nothing), and how long that is."""

    direction: str
    epoch: str
    scope_hash: str
    since: int | None
    head: int

    @property
    def is_quiet(self) -> bool:
        return (self.since or 0) >= self.head

    @property
    def left(self) -> int:
        return max(self.head - (self.since or 0), 0)


@dataclass(slots=True)
class Counts:
    """What became of items in one direction."""

    stored: int = 0
    known: int = 0
    refused: int = 0


@dataclass(slots=True, kw_only=True)
class RecordsLane:
    """One round's records. `announce()` is called before a batch with names of files goes out; `news(direction)` when
    files may be awaited."""

    node: Node
    peer_id: str
    local: Peer
    open_remote: Callable[[], Peer]
    introduce: Callable[[], Greeting]
    patience: Patience
    progress: Progress
    stop: Callable[[], bool]
    clock: Callable[[], datetime]
    announce: Callable[[], None] = lambda: None
    news: Callable[[str], None] = lambda _direction: None
    counts: dict[str, Counts] = field(default_factory=lambda: {IN: Counts(), OUT: Counts()})
    sizes: dict[str, BatchSize] = field(default_factory=lambda: {IN: BatchSize(), OUT: for_sending_ahead()})
    greetings: int = 0
    _lanes: list[Peer] = field(default_factory=list)
    _asking: dict[str, Any] = field(default_factory=dict)
    _seen: tuple[Any, ...] = ()
    _metered: int = 0

    @property
    def remote(self) -> Peer:
        """The lane that greets and asks; others are opened beside it where batches are sent."""
        return self._lane(0)

    @property
    def _announcing(self) -> Peer:
        return cast(Peer, _Announcing(self.local, self.announce))

    def run(self, met: Callable[[bool], None]) -> bool:
        """Go on until all is quiet (True) or the round is to stop (False).

        `met(is_new_epoch)` is called after every greeting. Raises the Problem that ended it.
        """
        while not self.stop():
            try:
                legs, is_new_epoch = self._greet()
                met(is_new_epoch)
                if all(leg.is_quiet for leg in legs):
                    self._forget_asking()
                    return True
                for leg in legs:
                    self._go(leg)
                if not legs[1].is_quiet:
                    self._go(self._echoes(legs[0]))
            except RETRIED as problem:
                self.patience.broke(problem)
        return False

    def _greet(self) -> tuple[tuple[Leg, Leg], bool]:
        with self.node.database.read() as session:
            epoch = get_peer(session, self.peer_id).epoch
            self._asking = dict(peer_rounds.get_round(session, self.peer_id).asking or {})
        theirs = self.remote.meet(self.introduce())
        self.greetings += 1
        mine = self.local.meet(theirs)
        legs = _leg(IN, theirs, mine), _leg(OUT, mine, theirs)
        self._note_moved(legs)
        return legs, epoch not in (None, theirs.epoch)

    def _note_moved(self, legs: tuple[Leg, Leg]) -> None:
        """A cursor that is elsewhere than at the last greeting has moved, although no answer may have come."""
        seen = tuple((leg.epoch, leg.scope_hash, leg.since) for leg in legs)
        if self._seen and seen != self._seen:
            self.patience.moved()
        self._seen = seen
        for leg in legs:
            self.progress.expect_records(leg.direction, leg.left)

    def _go(self, leg: Leg) -> None:
        if leg.is_quiet or self.stop():
            return
        source, target = (self.remote, self.local) if leg.direction == IN else (self._announcing, self.remote)
        until, numbers = self._ask_until(leg), count(1)
        outcome = replicate(
            source, target, since=leg.since, ask_until=until, sizes=self.sizes[leg.direction],
            progress=lambda step: self._note(leg, step), stop=self.stop, meter=self._meter,
            beside=(lambda: self._lane(next(numbers))) if leg.direction == OUT else None, broke=self.patience.broke,
        )  # fmt: skip
        self._note_asked(leg, outcome)

    def _echoes(self, leg: Leg) -> Leg:
        """What was sent made rows in their feed, too: those are passed over before the next greeting, not after it."""
        here = self.introduce()
        since = here.taken_seq if here.taken_epoch == leg.epoch else leg.since
        return replace(leg, since=since, head=(since or 0) + 1)

    def _ask_until(self, leg: Leg) -> int | None:
        """Return up to where the receiver is asked first: kept, so that a journey that broke off goes on asking."""
        if leg.since is None:
            self._put_asking({**self._asking, leg.direction: [leg.epoch, leg.scope_hash, leg.head]})
        epoch, scope_hash, until = self._asking.get(leg.direction) or (None, None, None)
        return until if (epoch, scope_hash) == (leg.epoch, leg.scope_hash) else None

    def _note_asked(self, leg: Leg, outcome: Outcome) -> None:
        asked = self._asking.get(leg.direction)
        if asked and outcome.seq >= asked[2]:
            self._put_asking({name: value for name, value in self._asking.items() if name != leg.direction})

    def _forget_asking(self) -> None:
        if self._asking:
            self._put_asking({})

    def _put_asking(self, asking: dict[str, Any]) -> None:
        self._asking = asking
        self.node.write(lambda session: peer_rounds.put_asking(session, self.peer_id, asking))

    def _note(self, leg: Leg, step: Step) -> None:
        counts = self.counts[leg.direction]
        counts.stored += step.stored
        counts.known += step.known
        counts.refused += len(step.refused)
        if leg.direction == OUT:
            self._keep_refusals(step)
        self.patience.moved()
        before, self._metered = self._metered, self._meter()
        self.progress.move_bytes(self._metered - before)
        self.progress.move_records(leg.direction, step.batch.until - step.batch.since, step.batch.head - step.seq)
        if leg.direction == IN or _names_files(step.batch):
            self.news(leg.direction)

    def _lane(self, number: int) -> Peer:
        """Open a lane at its first use: every journey of the round goes by the same ones."""
        while len(self._lanes) <= number:
            self._lanes.append(self.open_remote())
        return self._lanes[number]

    def _meter(self) -> int:
        """Read how many bytes went over these lanes; an end in this process has none."""
        ways = ("sent_bytes", "received_bytes")
        return sum(getattr(lane, way, 0) for lane in tuple(self._lanes) for way in ways)

    def _keep_refusals(self, step: Step) -> None:
        """What the other end refused of ours is kept here too; what it took after all is forgotten."""
        refused = [(each.item, each.reason) for each in step.refused]
        sent = [item.name for item in step.batch.items]
        now = self.clock()
        self.node.write(lambda session: refusals.note_sent(session, self.peer_id, sent, refused, now=now))


def _leg(direction: str, source: Greeting, target: Greeting) -> Leg:
    """Read from two greetings what the target has of the source's feed. The centre's scope holds for both ways."""
    has = target.taken_seq if target.taken_epoch == source.epoch else None
    scope_hash = source.scope_hash or target.scope_hash
    return Leg(direction=direction, epoch=source.epoch, scope_hash=scope_hash, since=has, head=source.head)


def _names_files(batch: Batch) -> bool:
    return any(isinstance(item, AttachmentItem) or getattr(item, "media", ()) for item in batch.items)


class _Announcing:
    """An end that tells, before it gives a batch, when files are named in it."""

    def __init__(self, end: Peer, announce: Callable[[], None]) -> None:
        self._end, self._announce = end, announce

    def read_changes(self, since: int, limits: Limits) -> Batch:
        return self._told(self._end.read_changes(since, limits))

    def read_items(self, names: Sequence[str], head: Batch) -> Batch:
        return self._told(self._end.read_items(names, head))

    def _told(self, batch: Batch) -> Batch:
        if _names_files(batch):
            self._announce()
        return batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._end, name)
