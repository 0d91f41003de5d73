"""Ed25519: who a node is. A signature says that whoever has the node's private key wrote exactly this."""

import hmac

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def derive_private_key(node_key: bytes, node_id: str) -> Ed25519PrivateKey:
    """Make the private key of a node from its key file: with another id it is another key."""
    return Ed25519PrivateKey.from_private_bytes(hmac.digest(node_key, f"identity:{node_id}".encode(), "sha256"))


def public_bytes(private: Ed25519PrivateKey) -> bytes:
    """Return the 32 bytes by which others know the key."""
    return private.public_key().public_bytes_raw()


def is_signed_by(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether the owner of a public key signed exactly this message; False for a key that is none."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
