"""`scripts/bench ingest`: how many submissions a node takes in, compared with the floor.

Rounds of node and floors alternate, so that what else this machine does hits both; the ratio of neighbouring rounds is
the result, the rates are only of this machine at this hour. A round begins when the consumers have nothing left to do.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.load import Result
from benchmarks.report import Backlog, Memory, Report, Round, write_report
from benchmarks.servers import NodeServer, Server, running_floor, running_node

BACKLOG_SECONDS = 300  # give up waiting for the consumers after this
THREADS = 64  # as the node's default


def add_command(commands: Any) -> None:
    parser = commands.add_parser("ingest", help="submissions a second, beside a floor that stores nothing")
    parser.add_argument("--connections", default="8,16,64", help="comma separated (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="pairs of rounds for each (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a round (default: %(default)s)")
    parser.add_argument("--burst", type=int, default=10_000, help="submissions after which the backlog is timed")
    parser.add_argument("--memory", type=int, default=0, metavar="N", help="watch memory over N submissions (100000)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--processes", type=int, default=1, help="serving processes; more than one needs PostgreSQL")
    parser.add_argument("--floors", default="node,flask", help="whose multipart parser each floor uses (%(default)s)")
    parser.add_argument("--steady", type=float, metavar="RATE", help="only: send so many a second while a reader asks")
    parser.add_argument("--steady-seconds", type=float, default=60.0, help="for so long (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="folder for ingest-….json and .txt")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.steady:
        return run_steady(options)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        url = stack.enter_context(chosen_database(options.database))
        settings = {"SYNC_PROCESSES": str(options.processes), "SYNC_THREADS": str(THREADS), "SYNC_DATABASE_URL": url}
        floors = [running_floor(folder, threads=THREADS, parser=parser) for parser in options.floors.split(",")]
        running = [stack.enter_context(floor) for floor in floors]
        node = stack.enter_context(running_node(folder, settings=settings))
        report = measure(options, running, node)
    print(report.as_text())
    if options.out:
        write_report(report, options.out)
    return 0 if report.is_sound() else 1


def run_steady(options: argparse.Namespace) -> int:
    from benchmarks import steady  # it reads the warehouse, which the rest need not

    with tempfile.TemporaryDirectory(prefix="bench-") as folder, chosen_database(options.database) as url:
        settings = {"SYNC_PROCESSES": str(options.processes), "SYNC_DATABASE_URL": url}
        with running_node(Path(folder), settings=settings) as node:
            load(node, connections=16, seconds=2.0)
            wait_for_consumers(node)
            data = Path(folder) / "data"
            steady.measure(node, data, settings, rate=options.steady, seconds=options.steady_seconds).show()
    return 0


def measure(options: argparse.Namespace, floors: list[Server], node: NodeServer) -> Report:
    report = Report(database=options.database, processes=options.processes)
    for floor in floors:
        load(floor, connections=16, seconds=1.0)
    report.warm_up.append(load(node, connections=16, seconds=2.0))
    wait_for_consumers(node)
    for connections in map(int, options.connections.split(",")):
        for _ in range(options.rounds):
            report.rounds.append(_round(floors, node, connections, options.seconds))
            print(report.rounds[-1].as_line(), file=sys.stderr, flush=True)
            wait_for_consumers(node)
    if options.burst:
        report.backlog = _burst(node, options.burst)
    if options.memory:
        report.memory = list(_watch_memory(node, options.memory))
    report.receipts, report.flagged = node.count_receipts(), node.count_flagged()
    return report


def _round(floors: list[Server], node: NodeServer, connections: int, seconds: float) -> Round:
    of_floors = {floor.name: load(floor, connections=connections, seconds=seconds) for floor in floors}
    cpu = node.cpu_seconds()
    of_node = load(node, connections=connections, seconds=seconds)
    return Round(of_floors, of_node, node_cpu_seconds=round(node.cpu_seconds() - cpu, 2))


def _burst(node: NodeServer, count: int) -> Backlog:
    """Send `count` submissions at 64 connections; time how long the consumers need afterwards."""
    result = load(node, connections=64, count=count)
    behind = node.count_behind()
    return Backlog(result, behind, wait_for_consumers(node))


def _watch_memory(node: NodeServer, count: int) -> Iterator[Memory]:
    """Send in steps of a tenth, and look at the memory after each, when the consumers are done."""
    yield Memory(0, node.memory_mb(), None)
    for step in range(1, 11):
        result = load(node, connections=64, count=count // 10)
        wait_for_consumers(node)
        yield Memory(step * (count // 10), node.memory_mb(), result)


def wait_for_consumers(node: NodeServer) -> float:
    """Wait until nothing is left to do; return the seconds it took."""
    began = time.monotonic()
    while behind := node.count_behind():
        if time.monotonic() - began > BACKLOG_SECONDS:
            raise RuntimeError(f"{behind} changes still wait after {BACKLOG_SECONDS} s. See {node.log}")
        time.sleep(0.1)
    return round(time.monotonic() - began, 1)


def load(server: Server, **options: float) -> Result:
    """Run the load generator in a process of its own: its work must not mix with ours."""
    command = [sys.executable, "-m", "benchmarks.load", server.submission_url]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"The load generator failed:\n{done.stderr}\n{server.log.read_text()[-4000:]}")
    return Result(**json.loads(done.stdout))


@contextmanager
def chosen_database(kind: str) -> Iterator[str]:
    if kind == "sqlite":
        yield ""
        return
    from tests.support.postgresql import PostgresqlServer  # fsync on, as a real one

    with PostgresqlServer() as server:
        yield server.new_database()
