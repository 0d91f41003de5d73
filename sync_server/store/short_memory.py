"""Remember for a moment whose token it was and what they may do, so that an upload need not ask the database.

One look-up costs a fifth of a millisecond, and every request of a tablet needs two. A revocation made by another
process is seen within a second; one made by this process at once, because it forgets everything.
"""

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

REMEMBER_SECONDS = 1.0
# Tokens nobody has are remembered too; a stranger who tries many must not fill the memory.
LARGEST = 10_000

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ShortMemory(Generic[K, V]):
    """A dict with an age; safe between threads because each step is one dict operation."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[K, tuple[float, V]] = {}

    def get(self, key: K, look_up: Callable[[], V]) -> V:
        """Return what is remembered, else look it up; what was forgotten meanwhile is not remembered again."""
        now, known = self._clock(), self._known
        found = known.get(key)
        if found is not None and now - found[0] < REMEMBER_SECONDS:
            return found[1]
        if len(known) >= LARGEST:
            self._known = known = {}
        value = look_up()
        known[key] = (now, value)  # into the dict of before the look-up: `forget` may have put another in its place
        return value

    def forget(self) -> None:
        self._known = {}
