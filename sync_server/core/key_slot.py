"""Lock a back-up's key into a slot that a passphrase, or the holder of a private key, opens again.

The slot stands in clear in every back-up, so that a single file and the secret are enough. Passphrase: scrypt, then
AES-GCM. Public key: X25519 with a key made for this slot alone, then AES-GCM; the node that locks cannot unlock.
"""

from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from sync_server.core.sealing import derive

Slot = Mapping[str, Any]

PASSPHRASE, PUBLIC_KEY = "passphrase", "public_key"
# 32 MB and a tenth of a second: what a small board can give, and a guesser must give for every guess.
SCRYPT = {"n": 1 << 15, "r": 8, "p": 1}
MOST_SCRYPT = {"n": 1 << 20, "r": 16, "p": 4}  # a forged slot must not take all memory
_ONCE = bytes(12)  # every slot has a key of its own, so one nonce is enough


class WrongSecret(Exception):
    """The passphrase or private key does not open this slot."""


def lock_with_passphrase(key: bytes, passphrase: str, salt: bytes) -> Slot:
    sealed = AESGCM(_stretch(passphrase, salt, SCRYPT)).encrypt(_ONCE, key, None)
    return {"kind": PASSPHRASE, "salt": salt.hex(), **SCRYPT, "sealed": sealed.hex()}


def unlock_with_passphrase(slot: Slot, passphrase: str) -> bytes:
    """Return the key; raise WrongSecret."""
    cost = {name: min(int(slot[name]), most) for name, most in MOST_SCRYPT.items()}
    return _open(_stretch(passphrase, bytes.fromhex(slot["salt"]), cost), slot)


def lock_to_public_key(key: bytes, public_key: bytes, ephemeral: bytes) -> Slot:
    """Lock for the holder of the private key; `ephemeral` is 32 random bytes, used once and forgotten."""
    own = X25519PrivateKey.from_private_bytes(ephemeral)
    shared = own.exchange(X25519PublicKey.from_public_bytes(public_key))
    named = {"public_key": public_key.hex(), "ephemeral": own.public_key().public_bytes_raw().hex()}
    return {"kind": PUBLIC_KEY, **named, "sealed": AESGCM(_agree(shared, named)).encrypt(_ONCE, key, None).hex()}


def unlock_with_private_key(slot: Slot, private_key: bytes) -> bytes:
    """Return the key; raise WrongSecret."""
    own = X25519PrivateKey.from_private_bytes(private_key)
    shared = own.exchange(X25519PublicKey.from_public_bytes(bytes.fromhex(slot["ephemeral"])))
    return _open(_agree(shared, slot), slot)


def public_key_of(private_key: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def _stretch(passphrase: str, salt: bytes, cost: Mapping[str, int]) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost["n"], r=cost["r"], p=cost["p"]).derive(passphrase.encode())


def _agree(shared: bytes, named: Slot) -> bytes:
    return derive(shared, b"slot " + bytes.fromhex(named["ephemeral"]) + bytes.fromhex(named["public_key"]))


def _open(key: bytes, slot: Slot) -> bytes:
    try:
        return AESGCM(key).decrypt(_ONCE, bytes.fromhex(slot["sealed"]), None)
    except InvalidTag as error:
        raise WrongSecret from error
