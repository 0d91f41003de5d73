"""`scripts/bench export`: the CSV zip of many submissions, the first time and after a hundred new ones.

Measured twice: the export alone, in a process of its own, and as a client downloads it from a server. Beside them the
same export without a warehouse.
"""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path
from typing import Any

import requests

from benchmarks.exporting import NEW, packed_share
from benchmarks.figures import Figure, export_bars, forget_peak, peak_mb
from benchmarks.filled import add_options, filled_folder, run_apart, wait_for_consumers
from benchmarks.ingest import load
from benchmarks.meetings import FORM_ID
from benchmarks.servers import NodeServer, running_node
from sync_server.services.export_data import BLOCKS_FOLDER
from sync_server.services.kept_exports import FOLDER

ADDRESS = f"/v1/projects/1/forms/{FORM_ID}/submissions.csv.zip"
NAIVE_UP_TO = 20_000  # without a warehouse an export takes half a millisecond a submission


def add_command(commands: Any) -> None:
    parser = commands.add_parser("export", help="the CSV zip: seconds and memory, first and after 100 new submissions")
    add_options(parser, default=9_709)
    parser.add_argument("--naive", action="store_true", help=f"also without a warehouse, above {NAIVE_UP_TO} too")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    bars = export_bars(options.submissions)
    with filled_folder(options) as folder:
        of_service = run_apart("benchmarks.exporting", folder.data, settings=folder.settings)
        Figure("export", folder.rows, of_service, bars).show()
        forget_exports(folder.data)
        with running_node(folder.path, settings=folder.settings) as server:
            Figure("download", folder.rows, measure_download(server, folder.path), bars).show()
        if options.naive or options.submissions <= NAIVE_UP_TO:
            naive = run_apart("benchmarks.naive_export", folder.data, settings=folder.settings)
            Figure("export without a warehouse", naive.pop("rows"), naive).show()
    return 0


def measure_download(server: NodeServer, folder: Path) -> dict[str, Any]:
    """Download as a client does: the first time, again, and after a hundred new ones."""
    wait_for_consumers(server)
    pid = server.process.pid
    resting = peak_mb(pid)
    forget_peak(pid)
    target = folder / "download.zip"
    with requests.Session() as session:
        session.headers.update(server.sign_in())
        first = download(session, server.url + ADDRESS, target)
        shares = packed_share(target)
        again = download(session, server.url + ADDRESS, target)
        load(server, connections=8, count=NEW)
        caught_up = wait_for_consumers(server)
        after = download(session, server.url + ADDRESS, target)
    return {
        **{"seconds": first, "seconds_again": again, "seconds_after_100_new": after, "catch_up_100": caught_up},
        **{"peak_mb": peak_mb(pid), "resting_mb": resting},
        **shares,
    }


def download(session: requests.Session, url: str, target: Path) -> float:
    began = time.perf_counter()
    with session.get(url, stream=True, timeout=3600) as answer, target.open("wb") as file:
        answer.raise_for_status()
        shutil.copyfileobj(answer.raw, file, 1 << 20)
    return round(time.perf_counter() - began, 3)


def forget_exports(data: Path) -> None:
    """Remove blocks and finished exports, so that the next one is a first one again."""
    for kept in (BLOCKS_FOLDER, FOLDER):
        shutil.rmtree(data / kept, ignore_errors=True)
