"""A file on its way in: hashed as it is written, in memory while small, then in a temporary file."""

import hashlib
import os
import time
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from sync_server.core.ids import BlobId

IN_MEMORY_BYTES = 256 * 1024  # the XML of a submission never reaches this, a photo does
ABANDONED_AFTER_SECONDS = 24 * 3600  # longer than any upload takes


class HashedFile:
    """What is written so far. Looks like a binary file to whoever fills it."""

    def __init__(self, new_temporary: Callable[[], Path]) -> None:
        self._new_temporary = new_temporary
        self._file: BinaryIO = BytesIO()
        self._path: Path | None = None
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> BlobId:
        return BlobId(self._hash.hexdigest())

    def write(self, data: bytes, /) -> int:
        if self._path is None and self.size + len(data) > IN_MEMORY_BYTES:
            self._move_to_disk()
        self._hash.update(data)
        self.size += len(data)
        return self._file.write(data)

    def read(self, size: int = -1, /) -> bytes:
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def set_down(self) -> None:
        if self._path is None:
            self._move_to_disk()
        self._file.close()

    def close(self) -> None:
        with suppress(OSError):  # a full disk takes not even the last piece, which nobody wants any more
            self._file.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _move_to_disk(self) -> None:
        assert isinstance(self._file, BytesIO)
        content = self._file.getvalue()
        self._path = self._new_temporary()
        self._file = self._path.open("w+b")
        self._file.write(content)

    def _take_up(self) -> BinaryIO:
        """Open again what was set down."""
        if self._file.closed:
            assert self._path is not None
            self._file = self._path.open("r+b")
        return self._file


class HashingSpool(HashedFile):
    """Write, then `keep` or `close`: kept is a file of this disk, synced and handed to `adopt`."""

    def __init__(self, new_temporary: Callable[[], Path], adopt: Callable[[Path, BlobId], None]) -> None:
        super().__init__(new_temporary)
        self._adopt = adopt

    def keep(self) -> BlobId:
        if self._path is None:
            self._move_to_disk()
        assert self._path is not None
        file = self._take_up()
        file.flush()
        os.fsync(file.fileno())
        file.close()
        self._adopt(self._path, self.sha256)
        return self.sha256


def forget_abandoned(folder: Path) -> None:
    """Remove what processes that were killed left half-written."""
    oldest = time.time() - ABANDONED_AFTER_SECONDS
    for path in folder.iterdir():
        with suppress(FileNotFoundError, PermissionError):  # kept by another process meanwhile; open, on Windows
            if path.stat().st_mtime < oldest:
                path.unlink()
