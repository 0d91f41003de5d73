"""How much the disk still holds, asked once a second.

Every upload wants to know, and asking the system hands the interpreter to another thread. What comes in within a second
fits into the reserve (setting min_free_bytes); a disk that fills up all the same fails the write itself.
"""

import shutil
import time
from pathlib import Path

REMEMBER_SECONDS = 1.0


class FreeSpace:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._asked_at = float("-inf")
        self._bytes = 0

    def bytes(self) -> int:
        now = time.monotonic()
        if now - self._asked_at > REMEMBER_SECONDS:
            self._bytes = shutil.disk_usage(self._folder).free
            self._asked_at = now
        return self._bytes
