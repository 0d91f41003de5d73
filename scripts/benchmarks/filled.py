"""A folder filled for a benchmark, and measurements in processes of their own."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.ingest import chosen_database
from benchmarks.servers import NodeServer, inherit


@dataclass(frozen=True, slots=True)
class FilledFolder:
    """`path`/data is the data folder; `settings` are what its node is started with."""

    path: Path
    submissions: int
    rows: int
    settings: dict[str, str]

    @property
    def data(self) -> Path:
        return self.path / "data"


def add_options(parser: argparse.ArgumentParser, *, default: int) -> None:
    parser.add_argument("--submissions", type=int, default=default, help="how many to fill in first (%(default)s)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--scratch", type=Path, help="where to put the data: 30 kB a submission, deleted afterwards")
    parser.add_argument("--seed", type=int, default=20261123)


@contextmanager
def filled_folder(options: argparse.Namespace) -> Iterator[FilledFolder]:
    """Fill a new folder in a process of its own, tell what that took, and delete it at the end."""
    with ExitStack() as stack:
        scratch = tempfile.TemporaryDirectory(prefix="bench-", dir=options.scratch)
        folder = Path(stack.enter_context(scratch))
        url = stack.enter_context(chosen_database(options.database))
        settings = {"SYNC_DATABASE_URL": url, "SYNC_DATA": str(folder / "data")}
        given = ["--submissions", options.submissions, "--seed", options.seed]
        filled = run_apart("benchmarks.fill", folder / "data", *given, settings=settings)
        Figure(filled.pop("figure"), filled.pop("rows"), filled).show()
        yield FilledFolder(folder, options.submissions, options.submissions + filled["repeat_rows"], settings)


def run_apart(module: str, *arguments: object, settings: dict[str, str]) -> dict[str, Any]:
    """Run a measurement in a process of its own; return what its last line says."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, env=inherit(settings))
    if done.returncode:
        raise RuntimeError(f"{module} failed")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def wait_for_consumers(server: NodeServer, *, longest: float = 3600) -> float:
    """Wait until nothing is left to do; return the seconds it took."""
    return wait_until(lambda: server.count_behind() == 0, longest=longest)


def wait_until(is_so: Callable[[], bool], *, longest: float) -> float:
    began = time.monotonic()
    while not is_so():
        if time.monotonic() - began > longest:
            raise RuntimeError(f"waited for {longest} s")
        time.sleep(0.02)
    return round(time.monotonic() - began, 2)
