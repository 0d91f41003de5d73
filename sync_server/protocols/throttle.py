"""Slow down whoever guesses passwords: five wrong ones, then a pause of five minutes.

Counted for each address and account together, so that nobody can lock out the administrator from another machine.
In memory: a restart forgets, and each process counts for itself. Argon2 makes every guess slow in any case.
"""

import math
import threading
import time
from collections.abc import Callable

from sync_server.account_errors import TooManyAttempts

ATTEMPTS = 5
PAUSE_SECONDS = 300.0
REMEMBERED = 10_000  # addresses at once: beyond that the oldest are forgotten, so that memory stays flat


class Throttle:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[tuple[str, str], tuple[int, float]] = {}
        self._lock = threading.Lock()

    def require_patience(self, who: tuple[str, str]) -> None:
        """Raise TooManyAttempts while the pause lasts."""
        with self._lock:
            count, since = self._failures.get(who, (0, 0.0))
            waited = self._clock() - since
            if count >= ATTEMPTS and waited < PAUSE_SECONDS:
                raise TooManyAttempts(minutes=math.ceil((PAUSE_SECONDS - waited) / 60))

    def note_failure(self, who: tuple[str, str]) -> None:
        now = self._clock()
        with self._lock:
            count, since = self._failures.pop(who, (0, 0.0))
            self._failures[who] = (count + 1 if now - since < PAUSE_SECONDS else 1, now)
            while len(self._failures) > REMEMBERED:
                del self._failures[next(iter(self._failures))]

    def note_success(self, who: tuple[str, str]) -> None:
        with self._lock:
            self._failures.pop(who, None)
