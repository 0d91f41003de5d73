"""Write a file aside and let it appear whole or not at all: temporary folder, fsync, rename, fsync of the folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sync_server.durable import sync_folder


@contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """Give a folder beside the target; its file "whole" becomes the target when the block ends well.

    The folder and all that is in it are gone afterwards, however the block ended.
    """
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-", ignore_cleanup_errors=True) as folder:
        whole = Path(folder, "whole")
        yield Path(folder)
        with whole.open("r+b") as file:
            os.fsync(file.fileno())
        whole.replace(target)
        sync_folder(target.parent)
