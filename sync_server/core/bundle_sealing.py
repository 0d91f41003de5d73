"""Seal what goes on a stick so that only one node can open it: by the Ed25519 key under which it is known anyway.

The key agreement is X25519, and its key pair follows from the node's signing pair (RFC 7748, section 4.1: the two
curves are one, written in two ways). So nothing more is exchanged when nodes are paired, and nothing more is kept.
Only the public half is computed here; the private one never leaves `cryptography` (docs/decisions/0011).
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sync_server.core.sealing import NotAsSealed, derive, open_sealed, seal

PRIME = 2**255 - 19
SIGN_BIT = 1 << 255


def sealing_public_key(ed25519_public: bytes) -> bytes:
    """Return the X25519 public key of a node that is known by this Ed25519 one; raise ValueError for what is none."""
    y = int.from_bytes(ed25519_public, "little") & ~SIGN_BIT
    if len(ed25519_public) != 32 or not 1 < y < PRIME:
        raise ValueError("no public key")
    return ((1 + y) * pow(1 - y, -1, PRIME) % PRIME).to_bytes(32, "little")


def sealing_private_key(signing: Ed25519PrivateKey) -> bytes:
    """Return the X25519 private key that belongs to a signing key: the scalar by which that multiplies."""
    return hashlib.sha512(signing.private_bytes_raw()).digest()[:32]


def lock_key(key: bytes, *, sender: bytes, receiver: bytes, ephemeral: bytes) -> dict[str, str]:
    """Lock a volume's key for the node with the Ed25519 key `receiver`; `sender` is the X25519 private key of who does.

    `ephemeral` is 32 random bytes, used once and forgotten: with it, the sender's own key does not open what it made.
    """
    own, once = X25519PrivateKey.from_private_bytes(sender), X25519PrivateKey.from_private_bytes(ephemeral)
    theirs = X25519PublicKey.from_public_bytes(sealing_public_key(receiver))
    named = [each.public_bytes_raw() for each in (once.public_key(), own.public_key(), theirs)]
    agreed = _agree(once.exchange(theirs), own.exchange(theirs), named)
    return {"ephemeral": named[0].hex(), "sealed": AESGCM(agreed).encrypt(_ONCE, key, None).hex()}


def unlock_key(slot: Mapping[str, Any], *, sender: bytes, receiver: bytes) -> bytes:
    """Return the key of a volume that the node with the Ed25519 key `sender` locked; raise NotAsSealed."""
    try:
        own = X25519PrivateKey.from_private_bytes(receiver)
        once = X25519PublicKey.from_public_bytes(bytes.fromhex(slot["ephemeral"]))
        theirs = X25519PublicKey.from_public_bytes(sealing_public_key(sender))
        named = [each.public_bytes_raw() for each in (once, theirs, own.public_key())]
        agreed = _agree(own.exchange(once), own.exchange(theirs), named)
        return AESGCM(agreed).decrypt(_ONCE, bytes.fromhex(slot["sealed"]), None)
    except (InvalidTag, KeyError, TypeError, ValueError) as error:
        raise NotAsSealed from error


def seal_volume(pieces: Iterable[bytes], key: bytes, head: bytes) -> Iterator[bytes]:
    """Yield a sealed volume after its head, to which it is bound. Each has a key of its own, so it needs no salt."""
    return seal(pieces, key, _SALT, context=head)


def open_volume(stream: BinaryIO, key: bytes, head: bytes) -> Iterator[bytes]:
    """Yield what was sealed; raise NotAsSealed before anything altered is given out."""
    return open_sealed(stream, key, context=head)


def _agree(by_ephemeral: bytes, by_sender: bytes, named: list[bytes]) -> bytes:
    """Join both agreements: the first only the receiver can make up again, the second only who has a key of the two.

    So no piece that was not sealed by the sender is ever opened, not even before the signature over all was checked.
    """
    return derive(by_ephemeral + by_sender, b"bundle " + b"".join(named))


_SALT, _ONCE = bytes(16), bytes(12)
