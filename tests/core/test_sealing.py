"""What is sealed opens whole with its key, and not at all when a byte of it was touched."""

import random
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_server.core.key_slot import (
    WrongSecret,
    lock_to_public_key,
    lock_with_passphrase,
    public_key_of,
    unlock_with_passphrase,
    unlock_with_private_key,
)
from sync_server.core.sealing import PIECE, NotAsSealed, open_sealed, seal

KEY, SALT = bytes(32), bytes(range(16))
SIZES = (0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7)


def sealed(content: bytes, *, context: bytes = b"name") -> bytes:
    return b"".join(seal([content], KEY, SALT, context=context))


def opened(content: bytes, *, key: bytes = KEY, context: bytes = b"name") -> bytes:
    return b"".join(open_sealed(BytesIO(content), key, context=context))


@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_opens_whole(size: int) -> None:
    content = random.Random(size).randbytes(size)
    assert opened(sealed(content)) == content


@given(st.lists(st.binary(max_size=200)))
def test_how_it_came_in_pieces_does_not_matter(pieces: list[bytes]) -> None:
    assert b"".join(seal(pieces, KEY, SALT, context=b"name")) == sealed(b"".join(pieces))


@pytest.mark.parametrize("size", SIZES)
def test_a_stream_that_was_cut_does_not_open(size: int) -> None:
    whole = sealed(bytes(size))
    for length in (0, 5, 20, len(whole) // 2, len(whole) - PIECE - 16, len(whole) - 1):
        if 0 <= length < len(whole):
            with pytest.raises(NotAsSealed):
                opened(whole[:length])


def test_no_touched_byte_goes_unnoticed() -> None:
    whole = sealed(b"answers")
    for place in range(len(whole)):
        with pytest.raises(NotAsSealed):
            opened(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])


def test_pieces_cannot_change_places() -> None:
    whole = sealed(bytes(PIECE) + b"1" * PIECE + b"2")
    start, size = 9 + 16, PIECE + 16
    first, second = whole[start : start + size], whole[start + size : start + 2 * size]
    with pytest.raises(NotAsSealed):
        opened(whole[:start] + second + first + whole[start + 2 * size :])


def test_another_key_or_another_name_does_not_open_it() -> None:
    with pytest.raises(NotAsSealed):
        opened(sealed(b"answers"), key=b"1" * 32)
    with pytest.raises(NotAsSealed):
        opened(sealed(b"answers"), context=b"other")


def test_a_passphrase_opens_its_slot_and_no_other_does() -> None:
    slot = lock_with_passphrase(KEY, "نهر دجلة", SALT)
    assert unlock_with_passphrase(slot, "نهر دجلة") == KEY
    with pytest.raises(WrongSecret):
        unlock_with_passphrase(slot, "نهر الفرات")


def test_only_the_private_key_opens_what_was_sealed_to_its_public_key() -> None:
    private_key = b"2" * 32
    slot = lock_to_public_key(KEY, public_key_of(private_key), b"3" * 32)
    assert unlock_with_private_key(slot, private_key) == KEY
    with pytest.raises(WrongSecret):
        unlock_with_private_key(slot, b"4" * 32)
