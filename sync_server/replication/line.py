"""One connection to another node: sends a request, reads its answer, and says in words what went wrong.

`requests` keeps the connection open between calls. Bodies are sent and read in pieces, so that a limit of bits a
second holds within a request, and an answer that never ends is given up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import requests
from urllib3.exceptions import HTTPError

from sync_server.peer_errors import BatchUnreadable
from sync_server.replication.line_accidents import tell_accident
from sync_server.replication.rate_limit import RateLimit

CONNECT_SECONDS, READ_SECONDS = 15.0, 90.0
PIECE_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True, kw_only=True)
class Line:
    """`proxy` and `ca_file`: empty for what the system's environment says. Bytes are counted with their headers."""

    session: requests.Session
    rate: RateLimit | None = None
    timeout: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS)
    proxy: str = ""
    ca_file: str = ""
    sent_bytes: int = field(default=0, init=False)
    received_bytes: int = field(default=0, init=False)

    def post(self, url: str, headers: Mapping[str, str], body: bytes, *, largest: int) -> Answer:
        """Ask; raise PeerAway for whatever keeps the answer away, BatchUnreadable for one of more than `largest`."""
        try:
            with self._open(url, headers, body) as response:
                self.sent_bytes += _size_of_head(response.request.headers)
                self.received_bytes += _size_of_head(response.headers)
                return Answer(response.status_code, response.headers, self._read(response, largest))
        except (OSError, HTTPError) as error:  # all of requests' own are OSErrors
            raise tell_accident(error) from error

    def _open(self, url: str, headers: Mapping[str, str], body: bytes) -> requests.Response:
        # A proxy and a CA said at the session would give way to those of the environment.
        return self.session.post(
            url, data=_Upload(self, body), headers=dict(headers), stream=True, allow_redirects=False,
            timeout=self.timeout, proxies={"http": self.proxy, "https": self.proxy} if self.proxy else None,
            verify=self.ca_file or None,
        )  # fmt: skip

    def _read(self, response: requests.Response, largest: int) -> bytes:
        pieces, size = [], 0
        for piece in response.iter_content(PIECE_BYTES):
            size += len(piece)
            self.received_bytes += len(piece)
            if size > largest:
                raise BatchUnreadable(reason="the answer is too large")
            self.hold_back(len(piece))
            pieces.append(piece)
        return b"".join(pieces)

    def hold_back(self, size: int) -> None:
        if self.rate is not None:
            self.rate.wait_for(size)


@dataclass(slots=True)
class _Upload:
    """A body that is sent at the line's rate; with its length, so that it is not sent in chunks."""

    line: Line
    body: bytes

    def __len__(self) -> int:
        return len(self.body)

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self.body), PIECE_BYTES):
            piece = self.body[start : start + PIECE_BYTES]
            self.line.hold_back(len(piece))
            self.line.sent_bytes += len(piece)
            yield piece


def _size_of_head(headers: Mapping[str, str | bytes]) -> int:
    """Say roughly how many bytes the headers and the line before them are."""
    return 64 + sum(len(name) + len(value) + 4 for name, value in headers.items())
