"""How far a round is: counted by both lanes, told at most once a second."""

import threading
import time
from collections import deque
from collections.abc import Callable

from sync_server.services.peer_status import Movement

EVERY_SECONDS = 1.0
WINDOW_SECONDS = 10.0  # the speed shown is that of the last seconds: a line has its moods
EARLY_SECONDS, EARLY_SHARE = 2.0, 50  # before that, and before so much is done, a guess would only jump about


class Progress:
    """Counts what moves and tells it on. Both lanes use it at the same time."""

    def __init__(
        self, tell: Callable[[Movement], None], *, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._tell = tell
        self._clock = clock
        self._lock = threading.Lock()
        self._began = self._told_at = clock()
        self._records: dict[str, tuple[int, int]] = {}  # direction → done, left
        self._files: dict[str, tuple[int, int]] = {}
        self._bytes = 0
        self._recent: deque[tuple[float, int]] = deque([(self._began, 0)])

    def expect_records(self, direction: str, left: int) -> None:
        """Say how many changes are still to be gone through."""
        with self._lock:
            self._records[direction] = (self._records.get(direction, (0, 0))[0], max(left, 0))

    def move_records(self, direction: str, done: int, left: int) -> None:
        """Note changes gone through, and how many are left."""
        with self._lock:
            self._records[direction] = (self._records.get(direction, (0, 0))[0] + done, max(left, 0))
        self.tell()

    def expect_files(self, direction: str, left: int) -> None:
        """Say how many files are left: those that are no longer came, although no answer may have said so."""
        with self._lock:
            done, before = self._files.get(direction, (0, 0))
            self._files[direction] = (done + max(before - left, 0), left)
        self.tell()

    def move_files(self, direction: str, done: int) -> None:
        """Note files that became whole."""
        with self._lock:
            before, left = self._files.get(direction, (0, 0))
            self._files[direction] = (before + done, max(left - done, 0))
        self.tell()

    def files_done(self, direction: str) -> int:
        """Return how many files came in a direction."""
        with self._lock:
            return self._files.get(direction, (0, 0))[0]

    def move_bytes(self, count: int) -> None:
        """Note bytes that went either way."""
        with self._lock:
            now = self._clock()
            self._bytes += count
            self._recent.append((now, self._bytes))
            while len(self._recent) > 2 and self._recent[1][0] < now - WINDOW_SECONDS:
                self._recent.popleft()
        self.tell()

    def tell(self, *, at_once: bool = False) -> None:
        """Tell how far it is, unless that was told a moment ago."""
        with self._lock:
            now = self._clock()
            if not at_once and now - self._told_at < EVERY_SECONDS:
                return
            self._told_at = now
            movement = self._movement(now)
        self._tell(movement)

    def movement(self) -> Movement:
        """Return how far it is now."""
        with self._lock:
            return self._movement(self._clock())

    def _movement(self, now: float) -> Movement:
        records, files = _sum(self._records), _sum(self._files)
        elapsed = now - self._began
        left = [_seconds_left(elapsed, done, more) for done, more in (records, files) if more]
        first, before = self._recent[0]
        return Movement(
            records_done=records[0],
            records_total=sum(records),
            files_done=files[0],
            files_total=sum(files),
            bytes_done=self._bytes,
            bytes_per_second=(self._bytes - before) / max(now - first, 0.1),
            seconds_left=None if not left or None in left else max(filter(None, left), default=0.0),
        )


def _sum(counts: dict[str, tuple[int, int]]) -> tuple[int, int]:
    return sum(done for done, _ in counts.values()), sum(left for _, left in counts.values())


def _seconds_left(elapsed: float, done: int, left: int) -> float | None:
    return elapsed * left / done if done * EARLY_SHARE > left and elapsed > EARLY_SECONDS else None
