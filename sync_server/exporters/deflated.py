"""Deflate text in blocks that can be put one behind another: the entry of a zip made of ready parts.

Every block ends with a full flush: on a byte, and without looking back further than its own beginning. So blocks
made at different times stand in any order in one deflate stream; END closes it.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

END = b"\x03\x00"  # an empty last block of the deflate format

# 43 MB of attendance tables: level 1 leaves 13 % in 0.13 s, 4 11 % in 0.20 s, 6 10 % in 0.45 s. A sixth less to send
# over a bad link is worth a fifteenth of a second.
LEVEL = 4
PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Packed:
    """What is known of a deflated block: of the text its CRC-32 and length, and the length it has now."""

    crc: int
    size: int
    packed_size: int


@dataclass(frozen=True, slots=True)
class Block:
    """A deflated block, and how to read its bytes."""

    packed: Packed
    read: Callable[[], Iterator[bytes]]


def deflate(source: BinaryIO, target: BinaryIO) -> Packed:
    """Deflate what the source has left into the target, piece by piece."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    crc, size, packed_size = 0, 0, 0
    while piece := source.read(PIECE):
        crc, size = zlib.crc32(piece, crc), size + len(piece)
        packed_size += target.write(packer.compress(piece))
    packed_size += target.write(packer.flush(zlib.Z_FULL_FLUSH))
    return Packed(crc, size, packed_size)


def deflate_text(text: str) -> Block:
    """Deflate a short text, such as a header, into memory."""
    content = text.encode()
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(content) + packer.flush(zlib.Z_FULL_FLUSH)
    return Block(Packed(zlib.crc32(content), len(content), len(packed)), lambda: iter((packed,)))
