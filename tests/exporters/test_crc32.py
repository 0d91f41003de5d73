"""Joined checksums are those zlib gives for the whole."""

import zlib

from hypothesis import given
from hypothesis import strategies as st

from sync_server.exporters.crc32 import join_crc32


@given(st.lists(st.binary(max_size=300)))
def test_checksums_join_as_their_texts_do(parts: list[bytes]) -> None:
    joined = 0
    for part in parts:
        joined = join_crc32(joined, zlib.crc32(part), len(part))
    assert joined == zlib.crc32(b"".join(parts))


def test_gigabytes_join_the_same_one_by_one_and_by_halves() -> None:
    one_by_one, megabyte = 0, zlib.crc32(bytes(1 << 20))
    for _ in range(5000):
        one_by_one = join_crc32(one_by_one, megabyte, 1 << 20)
    assert one_by_one == _by_halves(megabyte, 5000)


def _by_halves(megabyte: int, count: int) -> int:
    if count == 1:
        return megabyte
    half = count // 2
    return join_crc32(_by_halves(megabyte, count - half), _by_halves(megabyte, half), half << 20)
