"""The key by which a node opens what was sealed to it follows from the one by which it signs."""

import io
import os

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync_server.core.bundle_sealing import (
    lock_key,
    open_volume,
    seal_volume,
    sealing_private_key,
    sealing_public_key,
    unlock_key,
)
from sync_server.core.key_slot import public_key_of
from sync_server.core.sealing import NotAsSealed
from sync_server.core.signatures import public_bytes

RFC8032_SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
ITS_X25519 = "d85e07ec22b0ad881537c2f44d662d1a143cf830c57aca4305d85c7a90f6b62e"  # as libsodium turns it


def test_public_and_private_half_belong_together() -> None:
    for _ in range(50):
        signing = Ed25519PrivateKey.generate()
        assert public_key_of(sealing_private_key(signing)) == sealing_public_key(public_bytes(signing))


def test_the_key_is_what_other_programs_make_of_it() -> None:
    signing = Ed25519PrivateKey.from_private_bytes(RFC8032_SEED)
    assert sealing_public_key(public_bytes(signing)).hex() == ITS_X25519


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(32), b"\1" + bytes(31), b"\xff" * 32, bytes(33)])
def test_what_is_no_key_is_refused(public: bytes) -> None:
    with pytest.raises(ValueError, match="no public key"):
        sealing_public_key(public)


def test_only_the_one_it_is_for_opens_it_and_only_as_the_senders() -> None:
    sender, receiver, another = (Ed25519PrivateKey.generate() for _ in range(3))
    key = os.urandom(32)
    slot = lock_key(key, sender=sealing_private_key(sender), receiver=public_bytes(receiver), ephemeral=os.urandom(32))
    opened = {"sender": public_bytes(sender), "receiver": sealing_private_key(receiver)}
    assert unlock_key(slot, **opened) == key
    wrong = (
        {"receiver": sealing_private_key(another)},
        {"receiver": sealing_private_key(sender)},
        {"sender": public_bytes(another)},
    )
    for each in wrong:
        with pytest.raises(NotAsSealed):
            unlock_key(slot, **{**opened, **each})
    for damaged in ({}, {**slot, "sealed": "00"}, {**slot, "ephemeral": "00" * 32}, {**slot, "sealed": 1}):
        with pytest.raises(NotAsSealed):
            unlock_key(damaged, **opened)


def test_a_volume_is_bound_to_its_head() -> None:
    key = os.urandom(32)
    sealed = b"".join(seal_volume([b"answers" * 20_000], key, b"head"))
    assert b"".join(open_volume(io.BytesIO(sealed), key, b"head")) == b"answers" * 20_000
    with pytest.raises(NotAsSealed):
        list(open_volume(io.BytesIO(sealed), key, b"heaD"))
