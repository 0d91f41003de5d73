"""A limit of bits a second that all lanes of a synchronisation share, so that an office can still use its line."""

import threading
import time
from collections.abc import Callable

_AHEAD_SECONDS = 0.25  # what may be sent before it is waited for: pauses shorter than this cost more than they save


class RateLimit:
    """Whoever moved bytes waits here until the line would be done with them."""

    def __init__(
        self, bits_per_second: float, *,
        clock: Callable[[], float] = time.monotonic, pause: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._bits_per_second = bits_per_second
        self._clock, self._pause = clock, pause
        self._done_at = 0.0
        self._lock = threading.Lock()

    def wait_for(self, size: int) -> None:
        """Wait until so many bytes more are within the limit."""
        with self._lock:
            now = self._clock()
            self._done_at = max(now, self._done_at) + 8 * size / self._bits_per_second
            ahead = self._done_at - now
        if ahead > _AHEAD_SECONDS:
            self._pause(ahead - _AHEAD_SECONDS)
