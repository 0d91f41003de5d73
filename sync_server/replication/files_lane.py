"""The media lane of a round, in a thread beside the records: files go both ways as soon as they are announced.

It looks when there may be something: files were awaited before the round, or a batch has gone that way since it last
looked. So a round in which nothing happens asks nothing.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sync_server.node import Node
from sync_server.peer_errors import BatchUnreadable, FilesMissing, PeerAway
from sync_server.replication.batch_size import BatchSize
from sync_server.replication.media_lane import move_files
from sync_server.replication.patience import Patience
from sync_server.replication.peer import AwaitedFile, Peer
from sync_server.replication.progress import Progress
from sync_server.replication.records_lane import IN, OUT
from sync_server.store import peer_rounds

LISTED = 500  # to say how many are left; of more than that only that there are more
RETRIED = (PeerAway, BatchUnreadable)
LONGEST_END_SECONDS = 10.0  # a request that hangs is left behind: whatever it still brings may come twice


@dataclass(slots=True, kw_only=True)
class FilesLane:
    """One round's files. `open_remote` is called once, in the thread of this lane."""

    node: Node
    peer_id: str
    local: Peer
    open_remote: Callable[[], Peer]
    patience: Patience
    progress: Progress
    stop: Callable[[], bool]
    left: dict[str, int] = field(default_factory=lambda: {IN: 0, OUT: 0})
    sizes: dict[str, BatchSize] = field(default_factory=lambda: {IN: BatchSize(), OUT: BatchSize()})
    _problem: Exception | None = None
    _wanted: set[str] = field(default_factory=set)
    _listed: set[str] = field(default_factory=set)
    _is_busy: bool = False
    _is_over: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _thread: threading.Thread | None = None

    def look(self, direction: str) -> None:
        """Have files looked for in a direction: something may be awaited there."""
        with self._changed:
            self._wanted.add(direction)
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"files {self.peer_id[:8]}", daemon=True)
                self._thread.start()

    def drain(self) -> int:
        """Wait until nothing is to be looked for; return how many files moved so far. Raise what ended the lane."""
        with self._changed:
            self._changed.wait_for(lambda: self._problem or not (self._wanted or self._is_busy) or self.stop(), None)
        if self._problem:
            raise self._problem
        return self.progress.files_done(IN) + self.progress.files_done(OUT)

    def note_left(self) -> None:
        """Keep how many files are awaited there, if it was asked.

        Only when the lane is drained and no batch is on its way: one that comes there while the lane asks is not in the
        answer, and were the round to end with it, nobody would ask again.
        """
        if OUT in self._listed:
            left = self.left[OUT]
            self.node.write(lambda session: peer_rounds.note_files_there(session, self.peer_id, left))

    def require_all(self) -> None:
        """Raise FilesMissing when files are still awaited at either end."""
        if any(self.left.values()):
            raise FilesMissing(count=sum(self.left.values()))

    def close(self) -> None:
        """End after the request under way."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(LONGEST_END_SECONDS)

    def _run(self) -> None:
        try:
            remote = self.open_remote()
            while (direction := self._next()) is not None:
                self._try(remote, direction)
        except Exception as problem:  # noqa: BLE001 whoever waits for the lane gets it
            self._problem = problem
        finally:
            with self._changed:
                self._is_busy = False
                self._wanted.clear()
                self._changed.notify_all()

    def _next(self) -> str | None:
        with self._changed:
            self._is_busy = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._wanted or self._must_end())
            if self._must_end():
                return None
            self._is_busy = True
            return self._wanted.pop()

    def _must_end(self) -> bool:
        return self._is_over or self.stop()

    def _try(self, remote: Peer, direction: str) -> None:
        try:
            self._move(remote, direction)
        except RETRIED as problem:
            self.sizes[direction].broke()
            with self._changed:
                self._wanted.add(direction)
            self.patience.broke(problem)

    def _move(self, remote: Peer, direction: str) -> None:
        source, target = (remote, self.local) if direction == IN else (self.local, remote)
        counted = _Counted(target, lambda left: self.progress.expect_files(direction, left))
        move_files(
            source, cast(Peer, counted), piece_bytes=lambda: self.sizes[direction].packed, stop=self._must_end,
            progress=lambda files, count: self._note(direction, files, count),
        )  # fmt: skip
        self.left[direction] = left = len(target.list_awaited(LISTED)) if counted.listed else 0
        self.progress.expect_files(direction, left)
        self._listed.add(direction)

    def _note(self, direction: str, files: int, count: int) -> None:
        self.sizes[direction].succeeded()
        self.patience.moved()
        self.progress.move_bytes(count)
        self.progress.move_files(direction, files)


class _Counted:
    """An end whose list of awaited files is counted whenever it is read; `listed`: how many they were last."""

    def __init__(self, end: Peer, note: Callable[[int], None]) -> None:
        self._end, self._note = end, note
        self.listed = 0

    def list_awaited(self, limit: int) -> Sequence[AwaitedFile]:
        awaited = self._end.list_awaited(limit)
        self.listed = len(awaited)
        self._note(self.listed)
        return awaited

    def __getattr__(self, name: str) -> Any:
        return getattr(self._end, name)
