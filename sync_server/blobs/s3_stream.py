"""Read a blob from S3 to its end, over a link that breaks: what is missing is asked for again by its range.

A short file is never taken for a whole one: the length is that of the first answer, and an end before it is a break
like any other. After several breaks without a single byte between them it is given up, loudly.
"""

import io
from collections.abc import Callable
from typing import Any

from sync_server.errors import BlobStoreAway

BREAKS = 5  # in a row, each of them tried several times by the client itself
PIECE = 256 * 1024  # what arrived of a piece that breaks is asked for again, so pieces are small


class S3Stream(io.RawIOBase):
    """The body of one blob. `get(start)` asks for it from `start` on."""

    def __init__(self, get: Callable[[int], Any], body: Any, size: int) -> None:
        super().__init__()
        self._get = get
        self._body = body
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset != self._position:
            self._drop()
        self._position = max(start + offset, 0)
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        wanted = min(len(buffer), PIECE, self._size - self._position)
        if wanted <= 0:
            return 0
        piece = self._read(wanted)
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def close(self) -> None:
        self._drop()
        super().close()

    def _read(self, wanted: int) -> bytes:
        for _ in range(BREAKS):
            if piece := self._try_to_read(wanted):
                return piece
            self._drop()
        raise BlobStoreAway

    def _try_to_read(self, wanted: int) -> bytes:
        from botocore.exceptions import BotoCoreError
        from urllib3.exceptions import HTTPError

        if self._body is None:
            self._body = self._get(self._position)
        try:
            return bytes(self._body.read(wanted))
        except (BotoCoreError, HTTPError, OSError):  # cut off, timed out, or ended too early
            return b""

    def _drop(self) -> None:
        """Let go of the connection: what is still under way on it is not for the next one who takes it up."""
        if self._body is not None:
            self._body.close()
            self._body = None
