"""A slow stick: the kernel takes its time over every write and sync of the files that a command has on it.

strace holds the calls up, so what the command sees is a real file system whose calls take that long, not a stand-in.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NEEDS_STRACE = "install strace: ./scripts/test does"


@dataclass(frozen=True)
class SlowStick:
    """A folder whose files take `seconds` for each write and each sync."""

    folder: Path
    seconds: float

    def start(self, data: Path, *words: str, files: Sequence[str]) -> subprocess.Popen[str]:
        """Start a command at a node; `files` are the names that are slow. Its messages come by stderr."""
        strace = shutil.which("strace")
        assert strace, NEEDS_STRACE
        slow = [part for name in files for part in ("-P", str(self.folder / name))]
        held_up = f"inject=write,read,fsync:delay_enter={int(self.seconds * 1_000_000)}"
        command = [strace, "-f", "-qq", "-o", os.devnull, *slow, "-e", "trace=write,read,fsync", "-e", held_up]
        return subprocess.Popen(
            [*command, sys.executable, "-m", "sync_server", *words],
            env={**os.environ, "SYNC_DATA": str(data), "SYNC_MIN_FREE_BYTES": "0"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
