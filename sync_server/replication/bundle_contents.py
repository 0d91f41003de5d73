"""What goes into a bundle: what is new for a peer, batch by batch, and after each batch the files that it names.

It is read from the feed as for a line, and can be taken up again behind any part, so that a bundle of many volumes
need not begin anew when the stick was pulled out.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sync_server.core.bundle_format import BATCH, END, HEADER, PIECES, write_frame
from sync_server.core.replication_batch import Batch, pack
from sync_server.core.replication_items import AttachmentItem, FormItem, FormVersionItem, Item, SubmissionItem
from sync_server.core.replication_pieces import AwaitedFile, Piece, Wanted, pack_pieces
from sync_server.node import Node
from sync_server.replication import media, outgoing
from sync_server.replication.outgoing_plan import Carried
from sync_server.replication.peer import Limits
from sync_server.replication.progress import Progress
from sync_server.replication.records_lane import OUT
from sync_server.replication.wire import pack_json
from sync_server.store.peers import PeerNode

LIMITS = Limits(bytes=4_000_000, changes=5_000)
PIECES_BYTES, PIECES_FILES = 4_000_000, 500  # of files in one part
HEAD_BYTES = 300  # of each file in a part, beside its content

ReadPieces = Callable[[Sequence[Wanted]], Sequence[Piece]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Behind which part of a bundle one is. `since`: where the next batch begins; `waiting`: files of the last one."""

    since: int
    waiting: tuple[tuple[AwaitedFile, int], ...] = ()
    is_begun: bool = False

    def to_json(self) -> dict[str, Any]:
        waiting = [[asdict(file), offset] for file, offset in self.waiting]
        return {"since": self.since, "waiting": waiting}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> "Position":
        waiting = tuple((AwaitedFile(**file), offset) for file, offset in said["waiting"])
        return cls(since=said["since"], waiting=waiting, is_begun=True)


@dataclass(slots=True, kw_only=True)
class Contents:
    """The parts of one bundle, from a position on. `head`: the change up to which it goes at least.

    `piece_bytes`: of files in one part, which has to fit into a volume.
    """

    node: Node
    peer: PeerNode
    letter: bytes
    position: Position
    head: int
    progress: Progress
    piece_bytes: int = PIECES_BYTES
    read_pieces: ReadPieces | None = None
    carried: Carried = field(default_factory=Carried)
    records: int = 0
    files: int = 0
    _queue: "deque[tuple[AwaitedFile, int]]" = field(default_factory=deque)

    def parts(self) -> Iterator[tuple[bytes, Position]]:
        """Yield each part with the position behind it."""
        since = self.position.since
        self._queue.extend(self.position.waiting)
        if not self.position.is_begun:
            yield write_frame(HEADER, self.letter), self._behind(since)
        yield from self._pieces(since)
        for batch in self._batches(since):
            self._queue.extend((file, 0) for file in files_of(batch.items))
            yield write_frame(BATCH, pack(batch)), self._behind(batch.until)
            self.records += len(batch.items)
            self.progress.move_records(OUT, batch.until - batch.since, max(batch.head - batch.until, 0))
            yield from self._pieces(batch.until)
            since = batch.until
        yield write_frame(END, pack_json({"until": since})), self._behind(since)

    def _behind(self, since: int) -> Position:
        return Position(since=since, waiting=tuple(self._queue), is_begun=True)

    def _batches(self, since: int) -> Iterator[Batch]:
        """Read batches up to the head; what has nothing for the peer is joined to what follows."""
        reached = since
        while reached < self.head:
            batch = outgoing.read_changes(self.node, self.peer, reached, LIMITS, carried=self.carried)
            if batch.until <= reached:
                return
            reached = batch.until
            if batch.items or reached >= self.head:
                yield replace(batch, since=since)
                since = reached

    def _pieces(self, since: int) -> Iterator[tuple[bytes, Position]]:
        while self._queue:
            wanted = self._fill()
            read = self.read_pieces or (lambda asked: media.read_pieces(self.node, self.peer, asked))
            given = {(piece.file, piece.offset): piece for piece in read(wanted)}
            for file, offset, _length in reversed(wanted):
                self._go_on(file, offset, given.get((file, offset)))
            if given:
                yield write_frame(PIECES, pack_pieces(list(given.values()))), self._behind(since)
                self.progress.move_bytes(sum(len(piece.content) for piece in given.values()))

    def _fill(self) -> list[Wanted]:
        """Take from the queue what fits into a part; something always does."""
        wanted: list[Wanted] = []
        room = self.piece_bytes
        while self._queue and len(wanted) < PIECES_FILES and (room > HEAD_BYTES or not wanted):
            file, offset = self._queue.popleft()
            length = max(min(file.size - offset, room - HEAD_BYTES), 0)
            wanted.append((file, offset, length))
            room -= length + HEAD_BYTES
        return wanted

    def _go_on(self, file: AwaitedFile, offset: int, piece: Piece | None) -> None:
        """Put back what of a file is left; one that cannot be given is left out, and is awaited over there."""
        if piece is None:
            return
        reached = offset + len(piece.content)
        if piece.content and reached < file.size:
            self._queue.appendleft((file, reached))
        elif reached >= file.size:
            self.files += 1
            self.progress.move_files(OUT, 1)


def files_of(items: Iterable[Item]) -> list[AwaitedFile]:
    """List the files that items name, of equal ones the first."""
    found: dict[str, AwaitedFile] = {}
    last = ""
    for item in items:
        if isinstance(item, SubmissionItem):
            last = item.sha256
        elif isinstance(item, AttachmentItem):
            of_version = item.version or last
            found.setdefault(item.sha256, _file("submission", item.project, of_version, item.file_name, item))
        elif isinstance(item, FormItem | FormVersionItem):
            version = item.sha256 if isinstance(item, FormVersionItem) else item.current
            for each in item.media:
                found.setdefault(each.sha256, _file("form", item.project, version, each.name, each))
    return list(found.values())


def _file(owner: str, project: str, version: str, name: str, file: Any) -> AwaitedFile:
    return AwaitedFile(
        owner=owner, project=project, version=version, name=name, sha256=file.sha256, size=file.size, present=0
    )
