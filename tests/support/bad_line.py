"""A bad line: a TCP proxy on this machine that delays, narrows, cuts, loses answers and repeats requests.

Each connection has a thread for each direction and one more for what is on its way. Of HTTP it knows where a request
and an answer end. What chance decides comes from a seed.
"""

import random
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Queue
from typing import Self

from tests.support.http_messages import MessageEnds

_PIECE = 2_048
_ON_ITS_WAY = 64  # pieces: a line holds no more than that, so a sender feels how narrow it is


@dataclass(kw_only=True)
class BadLine:
    """A context manager; `url` leads to `target` (host, port) by way of this line. Zero turns an option off.

    `delay_seconds` and `bits_per_second` hold each way, the latter for all connections together. `cut_after_bytes`: a
    connection is reset after about so many. `lose_answer_every`, `repeat_request_every`: of each so many requests the
    answer is lost and the connection reset; of each so many the request comes a second time, over another connection.
    """

    target: tuple[str, int]
    delay_seconds: float = 0.0
    bits_per_second: float = 0.0
    cut_after_bytes: int = 0
    lose_answer_every: int = 0
    repeat_request_every: int = 0
    seed: int = 0

    connections: int = field(default=0, init=False)
    cuts: int = field(default=0, init=False)
    lost: int = field(default=0, init=False)
    repeated: int = field(default=0, init=False)
    requests: int = field(default=0, init=False)
    bytes_up: int = field(default=0, init=False)
    bytes_down: int = field(default=0, init=False)
    first_at: float = field(default=0.0, init=False)  # by the monotonic clock: when the first and the last bytes passed
    last_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self._random = random.Random(self.seed)
        self._ways = {"up": _Way(self), "down": _Way(self)}
        self._open: list[_Connection] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # wakes the thread that accepts, which close alone does not
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            connection.cut()
        for thread in list(self._threads):
            thread.join(10)

    def run(self, function: "object", *args: object) -> None:
        thread = threading.Thread(target=function, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target, 10)
            except OSError:
                _reset(client)
                continue
            server.settimeout(None)  # an answer may take as long as it takes
            with self.lock:
                self.connections += 1
                room = int(self.cut_after_bytes * self._random.uniform(0.5, 1.5)) or None
            connection = _Connection(self, client, server, room)
            self._open.append(connection)
            self.run(connection.carry, "up", client, server)
            self.run(connection.carry, "down", server, client)

    def way(self, name: str) -> "_Way":
        return self._ways[name]

    def heard(self, way: str, message: bytes, *, is_whole: bool) -> None:
        """Called for each request (way "up") and answer ("down"), also for the beginning of one that was cut."""

    def repeat(self, request: bytes) -> None:
        """Send a recorded request again, read its answer to the end and forget it."""
        with suppress(OSError), socket.create_connection(self.target, 10) as again:
            again.sendall(request)
            ends = MessageEnds()
            while (piece := again.recv(65_536)) and not ends.feed(piece):
                pass
        with self.lock:
            self.repeated += 1


class _Way:
    """One direction of the line, which all connections share: pieces go one after another."""

    def __init__(self, line: BadLine) -> None:
        self._line = line
        self._done_at = 0.0
        self._lock = threading.Lock()

    def pass_through(self, size: int) -> float:
        """Wait until a piece is on the line; return when it arrives at the other end."""
        if not self._line.bits_per_second:
            return time.monotonic() + self._line.delay_seconds
        with self._lock:
            self._done_at = max(time.monotonic(), self._done_at) + 8 * size / self._line.bits_per_second
            done_at = self._done_at
        _wait_until(done_at)
        return done_at + self._line.delay_seconds


class _Connection:
    def __init__(self, line: BadLine, client: socket.socket, server: socket.socket, room: int | None) -> None:
        self._line, self._client, self._server, self._room = line, client, server, room
        self._ends = {"up": MessageEnds(), "down": MessageEnds()}
        self._loses = False
        self._is_cut = False

    def carry(self, way: str, source: socket.socket, sink: socket.socket) -> None:
        """Carry one direction until either side ends."""
        pieces: Queue[tuple[float, bytes]] = Queue(_ON_ITS_WAY)
        self._line.run(self._deliver, pieces, sink)
        with suppress(OSError):
            while piece := source.recv(_PIECE):
                if way == "down" and self._loses:
                    self._count("lost")
                    self.cut()
                    break
                arrives = self._line.way(way).pass_through(len(piece))
                self._note(way, piece)  # before it goes on: the answer may come at once
                pieces.put((arrives, piece))
        pieces.put((0.0, b""))
        if rest := self._ends[way].rest():
            self._line.heard(way, rest, is_whole=False)

    def _deliver(self, pieces: "Queue[tuple[float, bytes]]", sink: socket.socket) -> None:
        with suppress(OSError):
            while (due := pieces.get())[1]:
                _wait_until(due[0])
                sink.sendall(due[1])
            sink.shutdown(socket.SHUT_WR)
        while due[1]:  # whoever still puts must not wait for ever
            due = pieces.get()

    def _note(self, way: str, piece: bytes) -> None:
        self._count(f"bytes_{way}", len(piece))
        self._line.last_at = time.monotonic()
        self._line.first_at = self._line.first_at or self._line.last_at
        if self._room is not None:
            self._room -= len(piece)
            if self._room < 0:
                self._count("cuts")
                self.cut()
        for message in self._ends[way].feed(piece):
            self._line.heard(way, message, is_whole=True)
            if way == "up":
                self._note_request(message)

    def _note_request(self, request: bytes) -> None:
        number = self._count("requests")
        if self._line.lose_answer_every and number % self._line.lose_answer_every == 0:
            self._loses = True
        if self._line.repeat_request_every and number % self._line.repeat_request_every == 0:
            self._line.run(self._line.repeat, request)

    def _count(self, name: str, by: int = 1) -> int:
        with self._line.lock:
            counted: int = getattr(self._line, name) + by
            setattr(self._line, name, counted)
            return counted

    def cut(self) -> None:
        """Reset both sides, as a line that fails does; what is on its way is gone."""
        if not self._is_cut:
            self._is_cut = True
            _reset(self._client)
            _reset(self._server)


def _reset(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)  # wakes a thread that reads; close alone leaves it waiting
    connection.close()


def _wait_until(moment: float) -> None:
    left = moment - time.monotonic()
    if left > 0:
        time.sleep(left)
