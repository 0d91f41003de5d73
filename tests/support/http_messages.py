"""Where one HTTP message ends and the next begins, by Content-Length: what this server and its nodes send."""

import re

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_END_OF_HEAD = b"\r\n\r\n"


class MessageEnds:
    """Give it the bytes of one direction of a connection; it gives back each message once it is whole."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._size: int | None = None

    def feed(self, piece: bytes) -> list[bytes]:
        self._bytes += piece
        whole = []
        while (size := self._find_size()) is not None and len(self._bytes) >= size:
            whole.append(bytes(self._bytes[:size]))
            del self._bytes[:size]
            self._size = None
        return whole

    def rest(self) -> bytes:
        """Return what came of a message that is not whole."""
        return bytes(self._bytes)

    def _find_size(self) -> int | None:
        end = self._bytes.find(_END_OF_HEAD) if self._size is None else -1
        if end >= 0:
            found = _LENGTH.search(self._bytes, 0, end)
            self._size = end + len(_END_OF_HEAD) + (int(found[1]) if found else 0)
        return self._size
