"""Export a filled folder in a process of its own, so that only the export's memory counts.

`python -m benchmarks.exporting DATA`: the first time, again, after a hundred new submissions, and after a hundred that
belong among all the others (a hub that was away for months). What receiving and following cost is told apart.
"""

from __future__ import annotations

import json
import os
import sys
import time
import zipfile
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import forget_peak, peak_mb
from benchmarks.fill import fill
from benchmarks.meetings import FORM_ID
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.export_data import export_csv_zip
from sync_server.settings import Settings

NEW = 100
A_MINUTE = timedelta(minutes=1)


def measure(node: Node) -> dict[str, object]:
    caught_up = _seconds(lambda: consumers.catch_up(node))
    resting = peak_mb()
    with TemporaryDirectory(dir=node.settings.data) as folder:
        target = Path(folder) / "first.zip"
        first, cpu, peak = _export(node, target)
        shares = packed_share(target)
        again, _, _ = _export(node, Path(folder) / "again.zip")
        filled = fill(node, NEW, seed=time.time_ns(), span=A_MINUTE)
        after, cpu_after, later_peak = _export(node, Path(folder) / "after.zip")
        fill(node, NEW, seed=time.time_ns())
        scattered, _, _ = _export(node, Path(folder) / "scattered.zip")
    return {
        "seconds": first,
        "seconds_again": again,
        "seconds_after_100_new": after,
        "seconds_after_100_old": scattered,
        "cpu_seconds": cpu,
        "cpu_seconds_after_100_new": cpu_after,
        "catch_up_before": caught_up,
        "receive_100": round(filled.receive_seconds, 3),
        "catch_up_100": round(filled.catch_up_seconds, 3),
        "peak_mb": max(peak, later_peak),
        "resting_mb": resting,
        **shares,
    }


def packed_share(path: Path) -> dict[str, object]:
    """How large the CSVs are, and what share of that the zip takes; every byte is unpacked and checked."""
    with zipfile.ZipFile(path) as packed:
        assert packed.testzip() is None
        tables = [entry for entry in packed.infolist() if entry.filename.endswith(".csv")]
    csv_bytes, zip_bytes = sum(e.file_size for e in tables), sum(e.compress_size for e in tables)
    share = round(zip_bytes / csv_bytes, 3)
    return {"csv_mb": round(csv_bytes / 1e6, 1), "zip_mb": round(zip_bytes / 1e6, 1), "deflated_share": share}


def _export(node: Node, target: Path) -> tuple[float, float, float]:
    """Export; return seconds, processor seconds (of all threads) and peak memory."""
    forget_peak()
    began, cpu = time.perf_counter(), time.process_time()
    export_csv_zip(node, None, project_id=1, form_id=FORM_ID, target=target)
    return round(time.perf_counter() - began, 3), round(time.process_time() - cpu, 3), peak_mb()


def _seconds(do: object) -> float:
    began = time.perf_counter()
    do()  # type: ignore[operator]
    return round(time.perf_counter() - began, 3)


def main() -> None:
    settings = Settings(data=Path(sys.argv[1]), database_url=os.environ.get("SYNC_DATABASE_URL", ""))
    with Node.open(settings) as node:
        print(json.dumps(measure(node)))


if __name__ == "__main__":
    main()
