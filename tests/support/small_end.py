"""One end of a replication that is nothing but lists in memory: what RemotePeer and the routes are tried with."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sync_server.core.ids import sha256_hex
from sync_server.core.replication_batch import Batch, sort_for_sending
from sync_server.core.replication_items import Item, SubmissionItem
from sync_server.peer_errors import CursorElsewhere
from sync_server.replication.peer import AwaitedFile, Greeting, Limits, Piece, Refusal, Taken
from tests.support.paired import NOW

EPOCH = "c01"


@dataclass
class SmallEnd:
    """A feed of submissions, what was taken of another's, and files."""

    id: str
    items: list[Item] = field(default_factory=list)
    taken: dict[str, Item] = field(default_factory=dict)
    cursor: int = 0
    met: list[Greeting] = field(default_factory=list)
    awaited: list[AwaitedFile] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    arrived: dict[str, bytes] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def meet(self, other: Greeting) -> Greeting:
        self.met.append(other)
        return replace(say_hello(self.id, len(self.items)), taken_epoch=other.epoch, taken_seq=self.cursor)

    def read_changes(self, since: int, limits: Limits) -> Batch:
        until = min(len(self.items), since + limits.changes)
        return self._batch(since, until, tuple(self.items[since:until]))

    def read_names(self, since: int, limits: Limits) -> tuple[Batch, Sequence[str]]:
        batch = self.read_changes(since, limits)
        named = [item for item in batch.items if item.kind == "submission"]
        return replace(batch, items=tuple(item for item in batch.items if item not in named)), _names(named)

    def read_items(self, names: Sequence[str], head: Batch) -> Batch:
        found = (item for item in self.items if item.name in names)
        return replace(head, items=tuple(sort_for_sending((*head.items, *found))))

    def find_lacking(self, names: Sequence[str]) -> Sequence[str]:
        return [name for name in names if name not in self.taken]

    def take(self, batch: Batch) -> Taken:
        with self.lock:
            if batch.since > self.cursor:
                raise CursorElsewhere(epoch=batch.epoch, seq=self.cursor)
            right = [item for item in batch.items if getattr(item, "project", "") == "p1"]
            new = {item.name: item for item in right if item.name not in self.taken}
            self.taken |= new
            self.cursor = max(self.cursor, batch.until)
            refused = tuple(Refusal(item.name, "unknown_project") for item in batch.items if item not in right)
            return Taken(self.cursor, len(new), len(right) - len(new), refused)

    def take_in_turn(self, batch: Batch) -> Taken:
        return self.take(batch)

    def list_awaited(self, limit: int) -> Sequence[AwaitedFile]:
        there = {file.name: len(self.arrived.get(file.name, b"")) for file in self.awaited}
        return [replace(file, present=there[file.name]) for file in self.awaited if there[file.name] < file.size][
            :limit
        ]

    def read_pieces(self, wanted: Sequence[tuple[AwaitedFile, int, int]]) -> Sequence[Piece]:
        there = [each for each in wanted if each[0].sha256 in self.files]
        return [Piece(file, at, self.files[file.sha256][at : at + length]) for file, at, length in there]

    def write_pieces(self, pieces: Sequence[Piece]) -> int:
        with self.lock:
            for piece in pieces:
                had = self.arrived.get(piece.file.name, b"")
                if piece.offset <= len(had):
                    self.arrived[piece.file.name] = (
                        had[: piece.offset] + piece.content + had[piece.offset + len(piece.content) :]
                    )
            return sum(len(self.arrived.get(file.name, b"")) == file.size for file in self.awaited)

    def _batch(self, since: int, until: int, items: tuple[Item, ...]) -> Batch:
        return Batch(epoch=EPOCH, scope_hash="9d2", since=since, until=until, head=len(self.items), items=items)


def _names(items: Iterable[Item]) -> tuple[str, ...]:
    return tuple(item.name for item in items)


def make_file(name: str, size: int) -> AwaitedFile:
    """A file that waits to be sent."""
    version, sha256 = sha256_hex(b"version"), sha256_hex(name.encode())
    return AwaitedFile(
        owner="submission", project="p1", version=version, name=name, sha256=sha256, size=size, present=0
    )


def say_hello(node: str, head: int = 0) -> Greeting:
    return Greeting(node=node, name="Erbil", epoch=EPOCH, head=head, scope_hash="9d2", clock=NOW, program="0.1.0")


def make_item(number: int, size: int = 400) -> SubmissionItem:
    """A submission whose bytes hardly get smaller when packed."""
    filler = "".join(f"{number * 7919 + place:x}" for place in range(size // 5))
    return SubmissionItem(project="p1", xml=f"<data id='visit'><n>{number}</n><x>{filler}</x></data>".encode())
