"""Hash passwords and check them, with argon2, a few at a time.

A check costs memory and a processor on purpose. However many are asked for, two run at once, so that whoever guesses
passwords cannot take the server away from the tablets that send.
"""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sync_server.errors import ServerBusy

# OWASP's smallest sound setting: 19 MiB a check. The default's 64 MiB would be felt on a small board.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# A hash like any other, of a password nobody has: checked when there is no account, or one without a password.
_nobody = _hasher.hash(secrets.token_hex(16))
# At most two checks at once: 64 sign-ins together would take 1.2 GB.
_checking = threading.BoundedSemaphore(2)
LONGEST_WAIT_SECONDS = 2.0


def hash_password(password: str) -> str:
    with _turn():
        return _hasher.hash(password)


def is_password(hashed: str | None, password: str) -> bool:
    """Tell whether this is the password; without a hash it takes as long, and is not."""
    try:
        with _turn():
            return _hasher.verify(hashed or _nobody, password) and bool(hashed)
    except (VerificationError, InvalidHashError):
        return False


@contextmanager
def _turn() -> Iterator[None]:
    """Wait for one's turn to use the processor for a password; not for ever, for uploads need the threads."""
    if not _checking.acquire(timeout=LONGEST_WAIT_SECONDS):
        raise ServerBusy
    try:
        yield
    finally:
        _checking.release()
