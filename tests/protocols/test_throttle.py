"""The pause after wrong passwords: for whom, how long, and without end of memory."""

import pytest

from sync_server.account_errors import TooManyAttempts
from sync_server.protocols.throttle import ATTEMPTS, PAUSE_SECONDS, REMEMBERED, Throttle

ALICE = ("192.168.1.7", "alice@example.org")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_pause_ends_by_itself() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(ATTEMPTS):
        throttle.require_patience(ALICE)
        throttle.note_failure(ALICE)

    with pytest.raises(TooManyAttempts) as found:
        throttle.require_patience(ALICE)
    assert found.value.details == {"minutes": 5}
    clock.now += PAUSE_SECONDS
    throttle.require_patience(ALICE)


def test_nobody_else_is_held_up() -> None:
    throttle = Throttle(Clock())
    for _ in range(ATTEMPTS):
        throttle.note_failure(ALICE)

    throttle.require_patience(("192.168.1.8", "alice@example.org"))
    throttle.require_patience(("192.168.1.7", "bob@example.org"))


def test_right_password_clears_the_count() -> None:
    throttle = Throttle(Clock())
    for _ in range(ATTEMPTS - 1):
        throttle.note_failure(ALICE)
    throttle.note_success(ALICE)
    throttle.note_failure(ALICE)

    throttle.require_patience(ALICE)


def test_memory_stays_flat_however_many_guess() -> None:
    throttle = Throttle(Clock())
    for number in range(REMEMBERED + 50):
        throttle.note_failure((str(number), "alice@example.org"))

    assert len(throttle._failures) == REMEMBERED
