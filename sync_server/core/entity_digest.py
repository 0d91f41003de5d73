"""What tablets compare of a list: it changes exactly when what they would be served changes.

A list's digest is the sum of its rows' fingerprints, so one changed row costs one subtraction and one addition, and
the order in which rows came to be does not matter.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from sync_server.core.digest import canonical_json
from sync_server.core.ids import sha256_hex

EMPTY = "0" * 64
_MODULUS = 1 << 256


def row_fingerprint(entity_id: str, number: int, values: Mapping[str, str]) -> str:
    """Fingerprint an entity's row as it is served."""
    return sha256_hex(canonical_json([entity_id, number, dict(values)]).encode())


def shift_digest(digest: str, *, gone: Iterable[str], come: Iterable[str]) -> str:
    """Return the digest of a list without the rows that are gone, and with those that came."""
    total = int(digest, 16) + sum(int(mark, 16) for mark in come) - sum(int(mark, 16) for mark in gone)
    return f"{total % _MODULUS:064x}"


def list_hash(properties: Sequence[str], count: int, digest: str) -> str:
    """Return the md5, as manifests want it, that stands for a list with these columns and rows."""
    content = canonical_json([list(properties), count, digest]).encode()
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
