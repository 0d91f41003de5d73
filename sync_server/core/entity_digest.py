"""What tablets compare of a list: it changes exactly when what they would be served changes.

A list's digest is the sum of its rows' fingerprints, so one changed row costs one subtraction and one addition, and
the order in which rows came to be does not matter.
"""

import hashlib
from collections.abc import Iterable, Sequence

from sync_server.core.digest import canonical_json
from sync_server.core.ids import sha256_hex

EMPTY = "0" * 64
_MODULUS = 1 << 256


def row_fingerprint(line: str) -> str:
    """Fingerprint an entity's row as it is served: its line of the CSV."""
    return sha256_hex(line.encode())


def owned_mark(fingerprint: str, creator_id: int | None) -> str:
    """Fingerprint a row together with who made it; what nobody known here made adds nothing."""
    return f"{int(fingerprint, 16) * (creator_id or 0) % _MODULUS:064x}"


def shift_digest(digest: str, *, gone: Iterable[str], come: Iterable[str]) -> str:
    """Return the digest of a list without the rows that are gone, and with those that came."""
    total = int(digest, 16) + sum(int(mark, 16) for mark in come) - sum(int(mark, 16) for mark in gone)
    return f"{total % _MODULUS:064x}"


class RowSum:
    """Adds up rows: how many, and their digest."""

    def __init__(self, count: int = 0, digest: str = EMPTY) -> None:
        self.count = count
        self._total = int(digest, 16)

    @property
    def digest(self) -> str:
        return f"{self._total % _MODULUS:064x}"

    def add(self, marks: Sequence[str]) -> None:
        """Add the rows with these fingerprints."""
        self.count += len(marks)
        self._total += sum(int(mark, 16) for mark in marks)


def list_hash(columns: Sequence[str], rows: RowSum) -> str:
    """Return the md5, as manifests want it, that stands for a list with these columns and rows."""
    content = canonical_json([list(columns), rows.count, rows.digest]).encode()
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
