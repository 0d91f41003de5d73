"""Keep the CSV text of a cluster's table as a ready deflated block: a second export costs only what is new.

A block's name is the digest of all that its text depends on (files, delete vectors, columns), so none is ever out of
date; one nobody asks for any more goes when the folder is full. It is written aside, then renamed, and begins with
its checksums: a damaged or shortened one is noticed when it is wanted, and made again.
"""

import logging
import os
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from struct import error as StructError
from tempfile import mkstemp
from typing import BinaryIO

from sync_server.exporters.deflated import PIECE, Block, Packed, deflate

log = logging.getLogger(__name__)

MakeText = Callable[[Path], None]
"""Write the CSV text of a block, without a header, to a file."""

# An export looks at all its blocks before it copies them: what was looked at so lately is not removed.
IN_USE_SECONDS = 900
_MAGIC = b"csvblk1\n"
_HEAD = Struct("<8sLQQL")  # magic, CRC-32 and length of the text, length and CRC-32 of the packed bytes


@dataclass(frozen=True, slots=True)
class CsvBlocks:
    """The folder of blocks, which may hold `limit` bytes."""

    folder: Path
    limit: int

    def get(self, key: str, make_text: MakeText) -> Block:
        """Give the block of that name, made first if it is not here or not whole."""
        path = self.folder / key
        packed = _checked(path)
        if packed is None:
            self.folder.mkdir(exist_ok=True)
            packed = write_block(path, make_text)
        else:
            with suppress(OSError):  # for `sweep`; removed meanwhile is told when it is read
                os.utime(path)
        return Block(packed, lambda: read_block(path))

    def sweep(self, *, is_full: Callable[[], bool] = lambda: False) -> None:
        """Remove the blocks least recently used, until the rest fits into the limit and the disk is not full."""
        found = sorted(self._found(), key=lambda item: item[1])
        total = sum(size for _, _, size in found)
        before = time.time() - IN_USE_SECONDS
        for path, used, size in found:
            if used > before or not (total > self.limit or is_full()):
                break
            with suppress(OSError):  # Windows keeps what is being read
                path.unlink()
                total -= size

    def clear(self) -> None:
        """Remove all blocks at once: something in them was erased."""
        for path, _, _ in self._found():
            path.unlink(missing_ok=True)

    def _found(self) -> Iterator[tuple[Path, float, int]]:
        with suppress(FileNotFoundError):
            for entry in os.scandir(self.folder):
                with suppress(FileNotFoundError):
                    about = entry.stat()
                    yield Path(entry.path), about.st_mtime, about.st_size


def write_block(path: Path, make_text: MakeText) -> Packed:
    """Make a block's text beside it, deflate it, and let it appear whole."""
    descriptor, name = mkstemp(dir=path.parent, prefix=f".{path.name[:20]}-", suffix=".new")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as target:
            packed = _deflated(target, temporary.with_suffix(".csv"), make_text)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return packed


def read_block(path: Path) -> Iterator[bytes]:
    """Read a block's packed bytes."""
    with path.open("rb") as file:
        file.seek(_HEAD.size)
        while piece := file.read(PIECE):
            yield piece


def _deflated(target: BinaryIO, text: Path, make_text: MakeText) -> Packed:
    try:
        make_text(text)
        target.write(bytes(_HEAD.size))
        with text.open("rb") as source:
            checked = _Checked(target)
            packed = deflate(source, checked)  # type: ignore[arg-type]  # it only writes
    finally:
        text.unlink(missing_ok=True)
    target.seek(0)
    target.write(_HEAD.pack(_MAGIC, packed.crc, packed.size, packed.packed_size, checked.crc))
    return packed


@dataclass(slots=True)
class _Checked:
    """Passes on what is written, and knows its CRC-32."""

    file: BinaryIO
    crc: int = 0

    def write(self, piece: bytes) -> int:
        self.crc = zlib.crc32(piece, self.crc)
        return self.file.write(piece)


def _checked(path: Path) -> Packed | None:
    """Read what the block says of itself, and hold its bytes against that; None: it is not here, or not whole."""
    try:
        with path.open("rb") as file:
            magic, crc, size, packed_size, packed_crc = _HEAD.unpack(file.read(_HEAD.size))
        found_size, found_crc = 0, 0
        for piece in read_block(path):
            found_size, found_crc = found_size + len(piece), zlib.crc32(piece, found_crc)
    except FileNotFoundError:
        return None
    except (OSError, StructError):
        magic = b""
    if magic != _MAGIC or (found_size, found_crc) != (packed_size, packed_crc):
        log.warning("damaged block, made again block=%s", path.name)
        return None
    return Packed(crc, size, packed_size)
