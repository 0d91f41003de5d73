"""Move files from one end to the other, many small ones in a request, a large one in several.

Whoever awaits drives: it says what it lacks and how much of it is there, so a break repeats one request at most. The
lane raises what an end raises, PeerAway too; called again, it goes on where the other end says.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sync_server.core.replication_pieces import MOST_BYTES, AwaitedFile, Piece, Wanted
from sync_server.replication.peer import Peer

LISTED = 500
HEAD_BYTES = 300  # of each file in a request, beside its content: thumbnails are not much more
MOST_TRIES = 3  # of one file in one round: bytes that are wrong three times are left by who awaits them

Key = tuple[str, str, str, str, str]


def move_files(
    source: Peer,
    target: Peer,
    *,
    piece_bytes: Callable[[], int],
    progress: Callable[[int, int], None] = lambda files, bytes: None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Move files until the target awaits none that the source can give, or `stop` says so.

    `progress` is told after every request how many files it made whole and how many bytes it moved.
    """
    lane = _Lane(source, target, piece_bytes, progress, stop)
    while not stop() and (awaited := lane.choose()):
        lane.move(awaited)


@dataclass(slots=True)
class _Lane:
    source: Peer
    target: Peer
    piece_bytes: Callable[[], int]
    progress: Callable[[int, int], None]
    stop: Callable[[], bool]
    tries: Counter[Key] = field(default_factory=Counter)

    def choose(self) -> list[AwaitedFile]:
        """Ask what is awaited; leave out what was tried in vain, and of the same bytes all but one."""
        in_vain = sum(tries >= MOST_TRIES for tries in self.tries.values())
        awaited = self.target.list_awaited(LISTED + in_vain)
        left = (file for file in awaited if self.tries[_key(file)] < MOST_TRIES)
        return list({file.sha256: file for file in reversed(list(left))}.values())[::-1]

    def move(self, awaited: Iterable[AwaitedFile]) -> None:
        """Go through a list of files once, each from where it stood."""
        queue = deque((file, file.present) for file in awaited)
        while queue and not self.stop():
            wanted = _fill(queue, min(self.piece_bytes(), MOST_BYTES))
            given = {_key(piece.file): piece for piece in self.source.read_pieces(wanted)}
            whole = self.target.write_pieces(list(given.values())) if given else 0
            for file, offset, _length in reversed(wanted):
                if rest := self._rest(file, offset, given.get(_key(file))):
                    queue.appendleft(rest)
            self.progress(whole, sum(len(piece.content) for piece in given.values()))

    def _rest(self, file: AwaitedFile, offset: int, piece: Piece | None) -> tuple[AwaitedFile, int] | None:
        """Say from where a file goes on; None when it was sent to its end, or cannot be given in this round."""
        if piece is None or not (piece.content or offset == file.size):
            self.tries[_key(file)] = MOST_TRIES
            return None
        offset += len(piece.content)
        if offset < file.size:
            return file, offset
        self.tries[_key(file)] += 1
        return None


def _fill(queue: "deque[tuple[AwaitedFile, int]]", room: int) -> list[Wanted]:
    """Take from the queue what fits into a request; something always does."""
    wanted: list[Wanted] = []
    while queue and (room > HEAD_BYTES or not wanted):
        file, offset = queue.popleft()
        length = min(file.size - offset, max(room - HEAD_BYTES, 1))
        wanted.append((file, offset, length))
        room -= length + HEAD_BYTES
    return wanted


def _key(file: AwaitedFile) -> Key:
    return file.owner, file.project, file.version, file.name, file.sha256
