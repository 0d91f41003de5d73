"""Know what lies in the scratch folder: what is being made just now, and what a process that was killed left there.

Power fails every day where this runs. What is left is large, and holds answers.
"""

import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from sync_server.blobs.spool import forget_abandoned
from sync_server.node import Node

BACKUPS = "backup-*"  # a back-up clears away what an earlier one left; a long one must not lose what it makes
MADE = ("export-*", "warehouse-*", "tablet-*", "bundle-*", "duckdb/*.tmp", "duckdb/*.block")
BUNDLES = "bundles"  # in the data folder: those that wait to be carried away
ABANDONED_AFTER_SECONDS = 24 * 3600  # longer than anything takes: its process died


def find_working(node: Node) -> list[Path]:
    """List what is being made, or was when its process died."""
    return [path for pattern in (BACKUPS, *MADE) for path in node.scratch.glob(pattern)]


def sweep(node: Node) -> None:
    """Remove what was left: parts of exports and segments, what DuckDB spilled, uploads that broke off, old bundles."""
    remove_abandoned(path for pattern in MADE for path in node.scratch.glob(pattern))
    remove_abandoned((node.settings.data / BUNDLES).glob("*/*"))
    incoming = node.settings.data / "blobs" / "incoming"
    if incoming.is_dir():
        forget_abandoned(incoming)


def remove_abandoned(paths: Iterable[Path]) -> None:
    before = time.time() - ABANDONED_AFTER_SECONDS
    for path in paths:
        with suppress(FileNotFoundError, PermissionError):  # done meanwhile; open, on Windows
            if path.stat().st_mtime >= before:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
