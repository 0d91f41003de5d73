"""Make the names in a folder survive a power cut: what follows the rename wherever a file is written aside."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    if os.name != "posix":  # Windows has no such call: NTFS journals the rename itself
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
