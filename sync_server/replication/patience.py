"""How often and how long to wait when the line breaks, before a round gives up."""

import random
from collections.abc import Callable

from sync_server.errors import Problem

BREAKS = 8  # in a row without anything moved: with the waits between them about a minute
FIRST_SECONDS, LONGEST_SECONDS = 0.5, 30.0


class Patience:
    """Counts breaks of one lane. `wait(seconds)` returns early when the round is to stop."""

    def __init__(self, wait: Callable[[float], object], *, chance: Callable[[], float] = random.random) -> None:
        self._wait = wait
        self._chance = chance
        self._in_a_row = 0
        self.breaks = 0

    def moved(self) -> None:
        """Note that something got through."""
        self._in_a_row = 0

    def broke(self, problem: Problem) -> None:
        """Wait a little, each time twice as long; raise the problem itself when it was the last time."""
        self._in_a_row += 1
        self.breaks += 1
        if self._in_a_row >= BREAKS:
            raise problem
        seconds = min(FIRST_SECONDS * 2 ** (self._in_a_row - 1), LONGEST_SECONDS)
        self._wait(seconds * (0.5 + self._chance()))  # many hubs whose centre comes back must not all call at once
