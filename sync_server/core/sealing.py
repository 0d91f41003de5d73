"""Seal a stream so that only the holder of its key reads it, and nobody alters, cuts or swaps it unnoticed.

AES-256-GCM in pieces of 64 KB (the STREAM construction): each piece carries its number and whether it is the last,
so a piece that is missing, moved or doubled is noticed, and memory does not grow with the file. Every stream has a
key of its own, derived from the given one and a random salt; the context (the name it is kept under) is bound in.
"""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"SYNCSEAL1"
SALT_BYTES = 16
PIECE = 65_536
TAG = 16


class NotAsSealed(Exception):
    """The stream was damaged, cut short or altered, or sealed with another key."""


def seal(pieces: Iterable[bytes], key: bytes, salt: bytes, *, context: bytes = b"") -> Iterator[bytes]:
    """Yield the sealed stream; `salt` is random and never used twice with one key."""
    cipher = AESGCM(derive(key, b"stream", salt))
    yield MAGIC + salt
    for number, (piece, is_last) in enumerate(_mark_last(_cut(pieces))):
        yield cipher.encrypt(_nonce(number, is_last), piece, context)


def open_sealed(stream: BinaryIO, key: bytes, *, context: bytes = b"") -> Iterator[bytes]:
    """Yield what was sealed, piece by piece; raise NotAsSealed before anything altered is given out."""
    if stream.read(len(MAGIC)) != MAGIC:
        raise NotAsSealed
    cipher = AESGCM(derive(key, b"stream", stream.read(SALT_BYTES)))
    sealed = iter(lambda: stream.read(PIECE + TAG), b"")
    for number, (piece, is_last) in enumerate(_mark_last(sealed)):
        try:
            yield cipher.decrypt(_nonce(number, is_last), piece, context)
        except InvalidTag as error:
            raise NotAsSealed from error


def derive(key: bytes, purpose: bytes, salt: bytes = b"") -> bytes:
    """Return a key for one purpose, from which neither the other keys nor the given one can be told."""
    return HKDF(SHA256(), 32, salt, b"sync-server " + purpose).derive(key)


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _cut(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut into pieces of one size; the last may be shorter."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        whole = len(waiting) - len(waiting) % PIECE
        for start in range(0, whole, PIECE):
            yield bytes(waiting[start : start + PIECE])
        del waiting[:whole]
    if waiting:
        yield bytes(waiting)


def _mark_last(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Pair each piece with whether it is the last; nothing at all is one empty last piece."""
    before: bytes | None = None
    for piece in pieces:
        if before is not None:
            yield before, False
        before = piece
    yield before or b"", True
