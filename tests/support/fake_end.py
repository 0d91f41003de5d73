"""An end of a replication that is nothing but a set of items with a feed; its line breaks on command."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sync_server.core.replication_batch import Batch
from sync_server.core.replication_items import NodeItem
from sync_server.peer_errors import CursorElsewhere, PeerAway
from sync_server.replication.peer import AwaitedFile, Greeting, Limits, Piece, Taken

OK, LOST_QUESTION, LOST_ANSWER, TWICE = "ok", "lost question", "lost answer", "twice"


def node_item(name: str) -> NodeItem:
    return NodeItem(id=name, node_name=name, public_key=b"key")


@dataclass
class FakeEnd:
    """Gives what is in `feed`; keeps what it takes in `held`, with a cursor moved as a node moves it.

    `line` says what becomes of the next calls, one word each; when it is used up, all goes well.
    """

    epoch: str = "e1"
    scope_hash: str = "s1"
    feed: list[str] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    cursor: int | None = None
    line: list[str] = field(default_factory=list)
    sent: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)  # (since, items) of each batch it was given
    asked: list[str] = field(default_factory=list)
    items_a_batch: int = 3
    turn: threading.Condition = field(default_factory=threading.Condition)

    def add(self, names: Iterable[str]) -> None:
        self.feed.extend(names)

    def meet(self, other: Greeting) -> Greeting:
        raise AssertionError("the round greets, before a journey begins")

    def read_changes(self, since: int, limits: Limits) -> Batch:
        self._call("changes")
        return self._batch(since)

    def read_names(self, since: int, limits: Limits) -> tuple[Batch, Sequence[str]]:
        self._call("names")
        batch = self._batch(since)
        return replace(batch, items=()), [item.name for item in batch.items]

    def read_items(self, names: Sequence[str], head: Batch) -> Batch:
        self._call("items")
        return replace(head, items=tuple(node_item(name.removeprefix("node:")) for name in names))

    def find_lacking(self, names: Sequence[str]) -> Sequence[str]:
        self._call("lacking")
        return [name for name in names if name not in self.held]

    def take(self, batch: Batch) -> Taken:
        return self._deliver(batch, self._arrive(batch))

    def take_in_turn(self, batch: Batch) -> Taken:
        word = self._arrive(batch)
        with self.turn:
            if word != LOST_QUESTION:
                self.turn.wait_for(lambda: batch.since <= (self.cursor or 0), timeout=20)
            return self._deliver(batch, word)

    def list_awaited(self, limit: int) -> Sequence[AwaitedFile]:
        return ()

    def read_pieces(self, wanted: Sequence[tuple[AwaitedFile, int, int]]) -> Sequence[Piece]:
        return ()

    def write_pieces(self, pieces: Sequence[Piece]) -> int:
        return 0

    def _arrive(self, batch: Batch) -> str:
        with self.turn:
            self.sent.append((batch.since, tuple(item.name for item in batch.items)))
            return self._word("take")

    def _deliver(self, batch: Batch, word: str) -> Taken:
        if word == LOST_QUESTION:
            raise PeerAway(reason="cut")
        with self.turn:
            taken = self._store(batch)
            if word == TWICE:
                taken = self._store(batch)
            self.turn.notify_all()
        if word == LOST_ANSWER:
            raise PeerAway(reason="cut")
        return taken

    def _store(self, batch: Batch) -> Taken:
        cursor = self.cursor or 0
        if batch.since > cursor:
            raise CursorElsewhere(epoch=batch.epoch, seq=cursor)
        names = {item.name for item in batch.items}
        stored = len(names - self.held)
        self.held |= names
        self.cursor = max(cursor, batch.until)
        return Taken(seq=self.cursor, stored=stored, known=len(names) - stored)

    def _batch(self, since: int) -> Batch:
        until = min(since + self.items_a_batch, len(self.feed))
        items = tuple(node_item(name) for name in self.feed[since:until])
        return Batch(
            epoch=self.epoch, scope_hash=self.scope_hash, since=since, until=until, head=len(self.feed), items=items
        )

    def _word(self, method: str) -> str:
        self.asked.append(method)
        return self.line.pop(0) if self.line else OK

    def _call(self, method: str) -> None:
        if self._word(method) in (LOST_QUESTION, LOST_ANSWER):
            raise PeerAway(reason="cut")
