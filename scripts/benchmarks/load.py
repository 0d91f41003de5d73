"""Send attendance submissions over many connections and time each answer: `python -m benchmarks.load URL`.

One thread and one selector, nothing parsed but the status line: it must leave the two cores to the server. It differs
from wrk in that it can send an exact number of submissions and counts every answer other than 201 and 202 as an error.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import sys
import time
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from benchmarks.attendance import BOUNDARY, Submissions

ACCEPTED = {b"201", b"202"}
STUCK_AFTER = 60.0  # seconds without any answer: Collect's own timeout


@dataclass(frozen=True, slots=True)
class Result:
    """What one round measured; latencies in milliseconds."""

    connections: int
    answered: int
    errors: int
    seconds: float
    rate: float
    p50: float
    p90: float
    p99: float
    slowest: float
    cpu_seconds: float


class Connection:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.open()

    def open(self) -> None:
        self.socket = socket.create_connection(self.address, timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.received = b""

    def send(self, request: bytes) -> None:
        """Send the whole request; 10 kB nearly always fit the socket's buffer."""
        self.started = time.perf_counter()
        view = memoryview(request)
        while view:
            try:
                view = view[self.socket.send(view) :]
            except BlockingIOError:
                self.socket.setblocking(True)
                self.socket.sendall(view)
                self.socket.setblocking(False)
                return

    def receive(self) -> bytes | None:
        """Return the status when the answer is complete, None while it is not; b"" when the server hung up."""
        try:
            chunk = self.socket.recv(65536)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError:
            return b""
        if not chunk:
            return b""
        self.received += chunk
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator or len(body) < content_length(head):
            return None
        self.received = b""
        return head[9:12]


def content_length(head: bytes) -> int:
    lower = head.lower()
    start = lower.find(b"\r\ncontent-length:")
    return int(lower[start + 17 :].split(b"\r\n", 1)[0]) if start >= 0 else 0


def run(url: str, *, connections: int, seconds: float, count: int | None, seed: int) -> Result:
    """Send for `seconds`, or exactly `count` submissions, and wait for every answer."""
    target = urlsplit(url)
    submissions = Submissions(seed)
    head = request_head(target.path + (f"?{target.query}" if target.query else ""), target.netloc, submissions.length)
    selector = selectors.DefaultSelector()
    latencies: list[float] = []
    errors, sent, under_way = 0, 0, 0
    began, cpu = time.perf_counter(), time.process_time()
    until = began + (seconds if count is None else 86400)
    for _ in range(connections if count is None else min(connections, count)):
        connection = Connection((target.hostname or "127.0.0.1", target.port or 80))
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(head + submissions.next_body())
        sent, under_way = sent + 1, under_way + 1
    while under_way:
        events = selector.select(STUCK_AFTER)
        if not events:
            errors += under_way
            break
        for key, _ in events:
            connection = key.data
            status = connection.receive()
            if status is None:
                continue
            under_way -= 1
            now = time.perf_counter()
            latencies.append(now - connection.started)
            errors += status not in ACCEPTED
            if not status:
                selector.unregister(connection.socket)
                connection.socket.close()
                connection.open()
                selector.register(connection.socket, selectors.EVENT_READ, connection)
            if now < until and (count is None or sent < count):
                connection.send(head + submissions.next_body())
                sent, under_way = sent + 1, under_way + 1
    return result_of(connections, latencies, errors, time.perf_counter() - began, time.process_time() - cpu)


def request_head(path: str, host: str, length: int) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nX-OpenRosa-Version: 1.0\r\n"
        f"User-Agent: org.odk.collect.android/v2026.3.3 bench\r\n"
        f"Date: Mon, 23 Nov 2026 07:19:34 GMT\r\nContent-Type: multipart/form-data; boundary={BOUNDARY.decode()}\r\n"
        f"Content-Length: {length}\r\nConnection: Keep-Alive\r\n\r\n"
    ).encode()


def result_of(connections: int, latencies: list[float], errors: int, seconds: float, cpu_seconds: float) -> Result:
    ordered = sorted(latencies) or [0.0]

    def at(share: float) -> float:
        return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)

    rate = round(len(latencies) / seconds, 1)
    figures = (rate, at(0.5), at(0.9), at(0.99), at(1.0), round(cpu_seconds, 2))
    return Result(connections, len(latencies), errors, round(seconds, 2), *figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    options = vars(parser.parse_args())
    json.dump(asdict(run(options.pop("url"), **options)), sys.stdout)
    print()


if __name__ == "__main__":
    main()
