"""`scripts/bench read`: how long a reader waits for pages, one submission and counts, however much is stored."""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.figures import Figure
from benchmarks.filled import add_options, filled_folder, run_apart
from benchmarks.reading import QUESTIONS

BARS = {"middle-page": {"warm": 0.1, "slowest": 0.1}, "submission": {"warm": 0.02}}


def add_command(commands: Any) -> None:
    parser = commands.add_parser("read", help="pages, one submission, counts: seconds, cold and warm")
    add_options(parser, default=10_000)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    with filled_folder(options) as folder:
        for question in QUESTIONS:
            found = run_apart("benchmarks.reading", folder.data, question, settings=folder.settings)
            Figure(f"read {question}", folder.rows, found, BARS.get(question, {})).show()
    return 0
