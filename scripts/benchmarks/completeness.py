"""`scripts/bench completeness`: what it costs to find out what two nodes do not have in common.

Both hold the same submissions; then seventeen things are planted that only one of them has: submissions, edits, files.
The comparison goes over a live socket through a line that counts bytes, by the command as an operator gives it, and
by itself within a running process, as over HTTP.
"""

from __future__ import annotations

import argparse
import csv
import io
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.figures import Figure
from benchmarks.ingest import chosen_database
from benchmarks.twins import Planted, fill_both, opened, part, timed
from benchmarks.two_nodes import CENTRE, HUB, TwoNodes, running_pair
from sync_server.node import Node
from sync_server.replication.open_comparison import open_comparison
from sync_server.settings import Settings
from sync_server.store.peers import change_peer, find_peer_called

BARS = {"seconds": 2.0, "http_bytes": 50_000}


def add_command(commands: Any) -> None:
    parser = commands.add_parser("completeness", help="two nodes that differ in 17 things: seconds, bytes, and which")
    parser.add_argument("--submissions", type=int, default=10_000, help="held by both (default: %(default)s)")
    parser.add_argument("--centre", choices=("sqlite", "postgresql"), default="postgresql")
    parser.add_argument("--times", type=int, default=5, help="how often to compare (default: %(default)s)")
    parser.add_argument("--scratch", type=Path, help="where to put the data: 60 kB a submission, deleted afterwards")
    parser.add_argument("--seed", type=int, default=20261130)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=options.scratch)))
        url = stack.enter_context(chosen_database(options.centre))
        for name, took in fill_both(folder, options.submissions, options.seed, url).items():
            Figure(f"fill {name}", took.pop("rows"), took).show()
        with opened(folder, url) as (hub, centre):
            planted = part(hub, centre)
        nodes = stack.enter_context(running_pair(folder, centre_database=url, is_new=False))
        nodes.settle()
        return 0 if _measure(options, nodes, planted) else 1


def _measure(options: argparse.Namespace, nodes: TwoNodes, planted: set[Planted]) -> bool:
    with Node.open(Settings(data=Path(nodes.settings[HUB]["SYNC_DATA"]))) as hub:
        with hub.database.read() as session:
            centre = find_peer_called(session, CENTRE)
        assert centre is not None
        hub.write(lambda session: change_peer(session, centre.id, url=nodes.line.url))
        found: set[Planted] = set()
        nodes.line.forget()
        first = timed(lambda: _compare(hub))
        seconds = [timed(lambda: found.update(_compare(hub))) for _ in range(options.times)]
        sent, received = nodes.line.bytes_up, nodes.line.bytes_down
        requests = nodes.line.requests
    rounds = options.times + 1
    file = Path(nodes.settings[HUB]["SYNC_DATA"]).parent / "compared.csv"
    told = nodes.run(HUB, "completeness", "--project", "1", "--peer", CENTRE, "--csv", str(file))
    is_exact = found == planted == _read_csv(file.read_text("utf-8"))
    values = {
        **{"differences": len(planted), "named_exactly": is_exact, "seconds": median(seconds), "first_seconds": first},
        **{"slowest_seconds": max(seconds), "command_seconds": told.seconds, "command_peak_mb": told.peak_mb},
        **{"http_bytes": (sent + received) // rounds, "http_up": sent // rounds, "http_down": received // rounds},
        **{"requests": requests / rounds, "exit_code": told.code, "centre": options.centre},
    }
    Figure("completeness", options.submissions, values, BARS).show()
    return is_exact and told.code == 1


def _compare(hub: Node) -> set[Planted]:
    with open_comparison(hub, None, project_id=1, name=CENTRE) as found:
        return {(finding.what, finding.held.instance_id, finding.file or "") for finding in found.read()}


def _read_csv(text: str) -> set[Planted]:
    rows = csv.DictReader(io.StringIO(text))
    return {(row["what"], row["instance"], row["file"]) for row in rows if row["version"]}
