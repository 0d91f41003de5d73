"""Remember for a moment whose token it was, so that an upload need not ask the database.

One look-up costs a fifth of a millisecond, and every request of a tablet needs one. A revocation made by another
process is seen within a second; one made by this process at once, because it forgets everything.
"""

import time
from collections.abc import Callable

from sync_server.store.accounts import Actor

REMEMBER_SECONDS = 1.0
# Tokens nobody has are remembered too; a stranger who tries many must not fill the memory.
LARGEST = 10_000


class TokenCache:
    """A dict with an age; safe between threads because each step is one dict operation."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, Actor | None]] = {}

    def get(self, token_hash: str, look_up: Callable[[], Actor | None]) -> Actor | None:
        now = self._clock()
        known = self._known.get(token_hash)
        if known is not None and now - known[0] < REMEMBER_SECONDS:
            return known[1]
        if len(self._known) >= LARGEST:
            self._known = {}
        actor = look_up()
        self._known[token_hash] = (now, actor)
        return actor

    def forget(self) -> None:
        self._known = {}
