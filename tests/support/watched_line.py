"""A bad line that notes which requests two nodes send over it, and what of that they had sent before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sync_server.core import replication_batch
from tests.support.bad_line import BadLine

TAKE, GIVE = "take", "give"


@dataclass(kw_only=True)
class WatchedLine(BadLine):
    """`begun`: requests by what they are; `payload`: bytes of bodies that came whole, by what they are and which way.

    Whatever broke off is sent again, and so is counted as repeated; and so is what came whole a second time.
    """

    begun: Counter[str] = field(default_factory=Counter, init=False)
    payload: Counter[tuple[str, str]] = field(default_factory=Counter, init=False)
    repeated_batches: int = field(default=0, init=False)
    repeated_pieces: int = field(default=0, init=False)  # requests with such pieces
    _seen: set[Any] = field(default_factory=set, init=False)
    _carried: dict[Any, int] = field(default_factory=dict, init=False)  # piece → the number of its last request
    _repeated_requests: set[int] = field(default_factory=set, init=False)

    def heard(self, way: str, message: bytes, *, is_whole: bool) -> None:
        head, found, body = message.partition(b"\r\n\r\n")
        if not found:
            return  # broken off in the head: nothing that counts was sent
        with self.lock:
            if way == "down":
                self.payload["answers", way] += len(body) if is_whole else 0
                return
            route = head.split(b" ", 2)[1].rsplit(b"/", 1)[-1].decode().removesuffix("-in-turn")
            self.begun[route] += 1
            self.payload[route, way] += len(body) if is_whole else 0
            if route == TAKE:
                self.repeated_batches += not is_whole or self._is_repeated(_since(body))
            elif route == GIVE:
                self.repeated_pieces += self._count_repeated(list(_pieces(body))) if is_whole else 1

    def forget(self) -> None:
        """Count from here on."""
        for counter in (self.begun, self.payload, self._seen, self._carried, self._repeated_requests):
            counter.clear()
        self.repeated_batches = self.repeated_pieces = self.cuts = self.lost = self.repeated = 0
        self.requests = self.connections = self.bytes_up = self.bytes_down = 0
        self.first_at = self.last_at = 0.0

    def sent(self, *routes: str) -> int:
        """Bytes of whole requests of these kinds; of all without any."""
        return sum(n for (route, way), n in self.payload.items() if way == "up" and (not routes or route in routes))

    @property
    def seconds(self) -> float:
        """From the first byte on the line until the last one has arrived."""
        return self.last_at - self.first_at + self.delay_seconds

    def _count_repeated(self, pieces: list[Any]) -> int:
        """Count the requests of which something comes again here for the first time: it may come in several parts."""
        before = {self._carried[piece] for piece in pieces if piece in self._carried}
        self._carried.update(dict.fromkeys(pieces, self.begun[GIVE]))
        new = before - self._repeated_requests
        self._repeated_requests |= new
        return len(new)

    def _is_repeated(self, what: Any) -> bool:
        if what in self._seen:
            return True
        self._seen.add(what)
        return False


def _since(body: bytes) -> Any:
    """Read since which change of which feed a batch is."""
    header = json.loads(replication_batch.decompress(body).partition(b"\n")[0])
    return header["epoch"], header["since"]


def _pieces(body: bytes) -> Iterator[Any]:
    for piece in json.loads(body.partition(b"\n")[0])["pieces"]:
        yield piece["version"], piece["name"], piece["sha256"], piece["offset"]
