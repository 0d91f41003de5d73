"""Let people sign in while others guess: who may try a password now, and who has to wait.

Nobody can lock anybody out. Wrong passwords count for an address and an account together (throttle.py), and a browser
that signed in before carries proof of it, so it is counted by itself, whatever others on its network do. An address
that signed an account in before needs no turn either: a program has no cookies.

Everybody else takes turns, because each check costs a processor on purpose: a few at once, then one every two seconds
for each network and two a second for all. A right password gives its turn back. Beyond that the answer is 429 at once:
two hundred guesses a second cost the tablets that send next to nothing. In memory, each process for itself.
"""

import ipaddress
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sync_server.account_errors import AuthenticationFailed, TooManyAttempts, WrongCode
from sync_server.protocols.throttle import REMEMBERED, Throttle

# An office behind one address signs in at eight o'clock; its right passwords come back at once.
NETWORK_BURST, NETWORK_PER_SECOND = 30, 0.5
ALL_BURST, ALL_PER_SECOND = 60, 2.0
LONGEST_EMAIL = 320  # what nobody's account has more of is cut, so that memory stays flat
ALL = "*"
# Six digits are few. Who knows the password could try them from many addresses: those count together.
CODES = "codes"


class Turns:
    """Turns that come back with time: `burst` at once, then `per_second`, for each key."""

    def __init__(self, burst: int, per_second: float, clock: Callable[[], float]) -> None:
        self._burst, self._per_second, self._clock = burst, per_second, clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, key: str) -> bool:
        """Take a turn; return False when there is none."""
        left, now = self._count(key)
        if left < 1:
            return False
        self._set(key, left - 1, now)
        return True

    def has(self, key: str) -> bool:
        return self._count(key)[0] >= 1

    def give_back(self, key: str) -> None:
        left, now = self._count(key)
        self._set(key, left + 1, now)

    def _count(self, key: str) -> tuple[float, float]:
        now = self._clock()
        left, since = self._left.get(key, (float(self._burst), now))
        return min(self._burst, left + (now - since) * self._per_second), now

    def _set(self, key: str, left: float, now: float) -> None:
        self._left.pop(key, None)
        self._left[key] = (left, now)
        while len(self._left) > REMEMBERED:
            del self._left[next(iter(self._left))]


class SignInGate:
    """Who may try a password now. One for each process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._throttle = Throttle(clock)
        self._of_networks = Turns(NETWORK_BURST, NETWORK_PER_SECOND, clock)
        self._of_all = Turns(ALL_BURST, ALL_PER_SECOND, clock)
        self._known: dict[tuple[str, str], None] = {}
        self._lock = threading.Lock()

    @contextmanager
    def passing(self, address: str, email: str, *, device: str | None) -> Iterator[None]:
        """Try a password within; raise TooManyAttempts instead when it is not the caller's turn.

        `device` names a browser that signed this account in before, and was proven to.
        """
        network, who = _identify(address, email, device)
        account = who[1]
        self._require_patience(who, device)
        is_counted = self._take_turn(network, who, is_known=device is not None)
        try:
            yield
        except AuthenticationFailed as error:
            self._throttle.note_failure(who)
            if isinstance(error, WrongCode):
                self._throttle.note_failure((CODES, account))
            raise
        except BaseException:  # such as a code that is still missing: no guess
            self._give_back(network, is_counted)
            raise
        self._give_back(network, is_counted)
        self._throttle.note_success(who)
        self._throttle.note_success((CODES, account))
        self._remember(who)

    def refusal_of(self, address: str, email: str, *, device: str | None) -> TooManyAttempts | None:
        """Return what `passing` would raise now, None when it would let try. Takes no turn."""
        network, who = _identify(address, email, device)
        try:
            self._require_patience(who, device)
        except TooManyAttempts as refusal:
            return refusal
        with self._lock:
            has_turn = self._of_networks.has(network) and self._of_all.has(ALL)
            return None if device or who in self._known or has_turn else TooManyAttempts(minutes=1)

    def _require_patience(self, who: tuple[str, str], device: str | None) -> None:
        self._throttle.require_patience(who)
        if device is None:
            self._throttle.require_patience((CODES, who[1]))

    def _take_turn(self, network: str, who: tuple[str, str], *, is_known: bool) -> bool:
        with self._lock:
            if is_known or who in self._known:
                return False
            if not self._of_networks.take(network):
                raise TooManyAttempts(minutes=1)
            if not self._of_all.take(ALL):
                self._of_networks.give_back(network)
                raise TooManyAttempts(minutes=1)
            return True

    def _give_back(self, network: str, is_counted: bool) -> None:
        if is_counted:
            with self._lock:
                self._of_networks.give_back(network)
                self._of_all.give_back(ALL)

    def _remember(self, who: tuple[str, str]) -> None:
        with self._lock:
            self._known.pop(who, None)
            self._known[who] = None
            while len(self._known) > REMEMBERED:
                del self._known[next(iter(self._known))]


def _identify(address: str, email: str, device: str | None) -> tuple[str, tuple[str, str]]:
    """Return the network, and what is counted by itself: a browser or a network, and an account."""
    network, account = network_of(address), email.strip().lower()[:LONGEST_EMAIL]
    return network, (f"device {device}" if device else network, account)


def network_of(address: str) -> str:
    """Return what one guesser has: an IPv4 address, or a whole /64 of IPv6, which costs nothing to go through."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
    return address
