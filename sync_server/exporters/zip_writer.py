"""Write a zip whose entries may come deflated already, so that the same content makes the same bytes.

Python's zipfile deflates what it is given; it has no public way in for ready-made blocks. This writes the format
itself (PKWARE's APPNOTE 6.3: local headers, central directory, ZIP64 where a number needs it), to a file that can seek.
The directory is kept as its own bytes: some 100 for each entry.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from struct import pack
from typing import BinaryIO

from sync_server.exporters.crc32 import join_crc32
from sync_server.exporters.deflated import END, LEVEL, PIECE, Block

STORED, DEFLATED = 0, 8
_PACKED_ALREADY = {".jpg", ".jpeg", ".png", ".webp", ".mp4", ".m4a", ".mp3", ".3gp", ".aac", ".webm", ".zip", ".docx"}
_FULL, _MANY = 0xFFFFFFFF, 0xFFFF  # stand for "see the ZIP64 field"
_LARGEST = _FULL - 1
_DATE = 1 << 5 | 1  # 1 January 1980: the date is constant, for the same submissions make the same bytes
_UTF8 = 1 << 11
_UNIX_FILE = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class _Entry:
    name: bytes
    method: int
    offset: int
    has_long_sizes: bool
    crc: int = 0
    size: int = 0
    packed_size: int = 0

    def local_header(self) -> bytes:
        sizes = (_FULL, _FULL) if self.has_long_sizes else (self.packed_size, self.size)
        extra = _zip64_field(self.size, self.packed_size) if self.has_long_sizes else b""
        fixed = pack("<4s3H", b"PK\3\4", self._version(), self._flags(), self.method)
        rest = pack("<2H3L2H", 0, _DATE, self.crc, *sizes, len(self.name), len(extra))
        return fixed + rest + self.name + extra

    def directory_record(self) -> bytes:
        long = [n for n in (self.size, self.packed_size, self.offset) if n > _LARGEST]
        extra = _zip64_field(*long) if long else b""
        size, packed_size, offset = (_FULL if n in long else n for n in (self.size, self.packed_size, self.offset))
        made_by = 3 << 8 | self._version()
        fixed = pack("<4s4H", b"PK\1\2", made_by, self._version(), self._flags(), self.method)
        sizes = pack("<2H3L", 0, _DATE, self.crc, packed_size, size)
        rest = pack("<5H2L", len(self.name), len(extra), 0, 0, 0, _UNIX_FILE, offset)
        return fixed + sizes + rest + self.name + extra

    def _version(self) -> int:
        return 45 if self.has_long_sizes or self.offset > _LARGEST else 20

    def _flags(self) -> int:
        return 0 if self.name.isascii() else _UTF8


class ZipWriter:
    """A zip being written to a file opened for it; `close` makes it whole."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._directory = bytearray()
        self._entries = 0

    def add_blocks(self, name: str, blocks: Sequence[Block]) -> None:
        """Add an entry made of deflated blocks, in their order."""
        crc, size, packed_size = 0, 0, len(END)
        for block in blocks:
            crc = join_crc32(crc, block.packed.crc, block.packed.size)
            size, packed_size = size + block.packed.size, packed_size + block.packed.packed_size
        entry = replace(self._new_entry(name, DEFLATED, max(size, packed_size)), crc=crc, size=size)
        entry = replace(entry, packed_size=packed_size)
        self._file.write(entry.local_header())
        for block in blocks:
            self._copy(block)
        self._file.write(END)
        self._finish(entry)

    def add_stream(self, name: str, stream: BinaryIO, size: int) -> None:
        """Add an entry from its bytes; `size` decides beforehand whether the lengths need ZIP64."""
        method = STORED if Path(name).suffix.lower() in _PACKED_ALREADY else DEFLATED
        entry = self._new_entry(name, method, size + size // 1000 + 1000)  # what cannot be packed grows a little
        self._file.write(entry.local_header())
        entry = self._packed(entry, stream)
        if not entry.has_long_sizes and max(entry.size, entry.packed_size) > _LARGEST:
            raise ValueError(f"{name} is much longer than the {size} bytes it was said to have")
        end = self._file.tell()
        self._file.seek(entry.offset)
        self._file.write(entry.local_header())
        self._file.seek(end)
        self._finish(entry)

    def close(self) -> None:
        start = self._file.tell()
        self._file.write(self._directory)
        self._file.write(_end_records(self._entries, len(self._directory), start))
        self._file.flush()

    def _new_entry(self, name: str, method: int, longest: int) -> _Entry:
        return _Entry(name.encode(), method, self._file.tell(), longest > _LARGEST)

    def _copy(self, block: Block) -> None:
        start = self._file.tell()
        for piece in block.read():
            self._file.write(piece)
        if self._file.tell() - start != block.packed.packed_size:
            raise ValueError("a block has another length than it was said to have")

    def _packed(self, entry: _Entry, stream: BinaryIO) -> _Entry:
        packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS) if entry.method == DEFLATED else None
        crc, size, packed_size = 0, 0, 0
        for piece in _pieces(stream):
            crc, size = zlib.crc32(piece, crc), size + len(piece)
            packed_size += self._file.write(packer.compress(piece) if packer else piece)
        packed_size += self._file.write(packer.flush()) if packer else 0
        return replace(entry, crc=crc, size=size, packed_size=packed_size)

    def _finish(self, entry: _Entry) -> None:
        self._directory += entry.directory_record()
        self._entries += 1


def _pieces(stream: BinaryIO) -> Iterable[bytes]:
    return iter(lambda: stream.read(PIECE), b"")


def _zip64_field(*numbers: int) -> bytes:
    return pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers)


def _end_records(entries: int, length: int, start: int) -> bytes:
    is_long = entries >= _MANY or length > _LARGEST or start > _LARGEST
    long = _zip64_end(entries, length, start) if is_long else b""
    few = min(entries, _MANY)
    return long + pack("<4s4H2LH", b"PK\5\6", 0, 0, few, few, _capped(length), _capped(start), 0)


def _zip64_end(entries: int, length: int, start: int) -> bytes:
    record = pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, length, start)
    return record + pack("<4sLQL", b"PK\6\7", 0, start + length, 1)


def _capped(number: int) -> int:
    return _FULL if number > _LARGEST else number
