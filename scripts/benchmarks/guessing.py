"""`scripts/bench guessing`: what 200 wrong passwords a second cost the tablets that send, and who signs in meanwhile.

Rounds without and with the guesser alternate; the ratio of neighbouring rounds is the result.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from benchmarks.ingest import load, wait_for_consumers
from benchmarks.servers import NodeServer, running_node

KNOWN = {"email": "alice@example.org", "password": "benchmark only, never served"}
MOST_LOST = 0.1


def add_command(commands: Any) -> None:
    parser = commands.add_parser("guessing", help="what guessing passwords costs submissions")
    parser.add_argument("--rate", type=float, default=200, help="guesses a second (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5, help="pairs of rounds (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a round (default: %(default)s)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, running_node(Path(folder), settings={}) as node:
        ratios = _measure(node, options)
    lost = 1 - statistics.median(ratios)
    print(f"submissions lost to {options.rate:.0f} guesses a second: {lost:.1%} (median of {len(ratios)} pairs)")
    return 0 if lost < MOST_LOST else 1


def _measure(node: NodeServer, options: argparse.Namespace) -> list[float]:
    parts = urlsplit(node.submission_url)
    url, known, ratios = f"{parts.scheme}://{parts.netloc}", requests.Session(), []
    known.post(f"{url}/v1/sessions", json=KNOWN, timeout=30).raise_for_status()
    load(node, connections=options.connections, seconds=2.0)
    for _ in range(options.rounds):
        wait_for_consumers(node)
        at_first = node.cpu_seconds()
        alone = load(node, connections=options.connections, seconds=options.seconds)
        cost = (node.cpu_seconds() - at_first) / alone.answered
        wait_for_consumers(node)
        guesser = _start_guesser(url, options)
        before = node.cpu_seconds()
        beside = load(node, connections=options.connections, seconds=options.seconds)
        more = (node.cpu_seconds() - before - beside.answered * cost) / beside.seconds
        entered = _sign_in(known, url)
        answers = Counter(json.loads(guesser.communicate()[0]))
        ratios.append(beside.rate / alone.rate)
        print(
            f"alone {alone.rate:.0f}/s p99 {alone.p99} ms · beside {beside.rate:.0f}/s p99 {beside.p99} ms · "
            f"guesses {dict(answers)}, "
            f"{more:.0%} of a processor · known user signed in after {entered:.0f} ms",
            file=sys.stderr,
        )
    return ratios


def _start_guesser(url: str, options: argparse.Namespace) -> subprocess.Popen[str]:
    seconds = options.seconds + 2
    command = [sys.executable, "-m", "benchmarks.guess", url, "--rate", str(options.rate), "--seconds", str(seconds)]
    guesser = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    time.sleep(0.5)
    return guesser


def _sign_in(known: requests.Session, url: str) -> float:
    """Sign in with a browser that was there before, while the guesser is still at it; return the milliseconds."""
    began = time.perf_counter()
    known.post(f"{url}/v1/sessions", json=KNOWN, timeout=30).raise_for_status()
    return (time.perf_counter() - began) * 1000
