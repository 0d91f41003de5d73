"""Draw a small picture, so that a demo has photos: a few hundred bytes of PNG, no imaging library."""

import random
import struct
import zlib

SIZE = 48


def draw_picture(chance: random.Random) -> bytes:
    """Draw bands of soft colours, different for every photo."""
    bands = [bytes(chance.randrange(90, 230) for _ in range(3)) for _ in range(6)]
    rows = b"".join(b"\0" + bands[y * len(bands) // SIZE] * SIZE for y in range(SIZE))
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
    parts = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows, 9)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
