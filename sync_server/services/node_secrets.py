"""Secrets that must be shown again: sealed with a key that is in the data folder and never in the database.

AES-GCM, bound to the row it stands in (its token's hash, its actor): a sealed secret that somebody copies to another
row does not open there.
"""

import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sync_server.node import Node
from sync_server.operator_errors import SealBroken

_NONCE_BYTES = 12
# Letters and digits nobody confuses when reading them from a screen.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def derive_key(node: Node, purpose: str) -> bytes:
    """Make a key for one purpose from the node's key, so that none serves two."""
    return hmac.digest(node.key, purpose.encode(), "sha256")


def seal_secret(node: Node, purpose: str, secret: str, *, bound_to: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(derive_key(node, purpose)).encrypt(nonce, secret.encode(), bound_to.encode())


def open_secret(node: Node, purpose: str, sealed: bytes, *, bound_to: str) -> str:
    """Return the secret; raise SealBroken when the database came without its node's key."""
    nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return AESGCM(derive_key(node, purpose)).decrypt(nonce, rest, bound_to.encode()).decode()
    except InvalidTag as error:
        raise SealBroken from error


def make_token() -> str:
    """Make a token of 256 random bits: 64 lower-case hexadecimal digits, because Enketo lowers addresses' case."""
    return secrets.token_hex(32)


def make_password() -> str:
    """Make a password of 80 random bits in four groups, to be read from a screen and typed."""
    return _make_groups(4)


def make_pairing_code() -> str:
    """Make a code with which another node pairs: the first of its groups names it, the four others are secret."""
    return _make_groups(5)


def _make_groups(count: int) -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(count))
