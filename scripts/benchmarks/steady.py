"""Send at a steady rate while somebody reads: `scripts/bench ingest --steady 100`.

The load begins each request when it is due, whether or not the ones before were answered; a reader in a process of its
own asks for the first page each second.
"""

from __future__ import annotations

import selectors
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.attendance import Submissions
from benchmarks.figures import Figure
from benchmarks.filled import run_apart, wait_for_consumers
from benchmarks.load import ACCEPTED, Connection, request_head, result_of
from benchmarks.servers import NodeServer

CONNECTIONS = 32
BARS = {"behind_worst": 2.0}


def measure(node: NodeServer, data: Path, settings: dict[str, str], *, rate: float, seconds: float) -> Figure:
    """Stream for that long; tell how far behind a page was."""
    sent: dict[str, Any] = {}
    stream = threading.Thread(target=lambda: sent.update(send(node.submission_url, rate=rate, seconds=seconds)))
    stream.start()
    found = run_apart("benchmarks.following", data, seconds - 5, settings=settings)
    stream.join()
    caught_up = wait_for_consumers(node)
    values = {**found, **sent, "catch_up_seconds": caught_up, "memory_mb": node.memory_mb()}
    return Figure(f"steady {rate:.0f} a second", int(sent["answered"]), values, BARS)


def send(url: str, *, rate: float, seconds: float, seed: int | None = None) -> dict[str, Any]:
    """Send at this rate; return how many were answered, how fast, and how many otherwise than 201 or 202."""
    target = urlsplit(url)
    submissions = Submissions(time.time_ns() if seed is None else seed)
    head = request_head(target.path, target.netloc, submissions.length)
    selector = selectors.DefaultSelector()
    idle = [Connection((target.hostname or "", target.port or 80)) for _ in range(CONNECTIONS)]
    for connection in idle:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    latencies: list[float] = []
    errors = sent = 0
    began, total = time.perf_counter(), int(rate * seconds)
    while len(latencies) < total:
        while idle and sent < total and time.perf_counter() >= began + sent / rate:
            idle.pop().send(head + submissions.next_body())
            sent += 1
        wait = began + sent / rate - time.perf_counter() if idle and sent < total else 1.0
        errors += _take_answers(selector, max(0.0, wait), idle, latencies.append)
    result = result_of(CONNECTIONS, latencies, errors, time.perf_counter() - began, 0.0)
    return {"answered": result.answered, "errors": errors, "rate": result.rate, "p99_ms": result.p99}


def _take_answers(
    selector: selectors.BaseSelector, wait: float, idle: list[Connection], keep: Callable[[float], None]
) -> int:
    errors = 0
    for key, _ in selector.select(wait):
        status = key.data.receive()
        if status is not None:
            keep(time.perf_counter() - key.data.started)
            errors += status not in ACCEPTED
            idle.append(key.data)
    return errors
