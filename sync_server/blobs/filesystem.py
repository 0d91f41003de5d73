"""Blobs in a folder: write aside, fsync, rename, fsync the folder.

The rename makes a blob appear whole or not at all; the folder's own fsync makes the name survive a power cut. Kept
means both are done. A blob that is there already is not written again, but its folder is synced all the same:
another request may have renamed it a moment ago and not have come to that yet.
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from sync_server.blobs.spool import HashingSpool
from sync_server.core.ids import BlobId

ABANDONED_AFTER_SECONDS = 24 * 3600  # longer than any upload takes


class FilesystemBlobs:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._durable: set[Path] = set()
        self._incoming.mkdir(parents=True, exist_ok=True)
        for parent in (folder, *folder.absolute().parents[:2]):  # a kept blob needs every folder above it
            sync_folder(parent)
        self._forget_abandoned()

    def spool(self) -> HashingSpool:
        return HashingSpool(self._new_temporary, self._adopt)

    def put(self, content: bytes) -> BlobId:
        spool = self.spool()
        spool.write(content)
        try:
            return spool.keep()
        finally:
            spool.close()

    def open(self, blob_id: BlobId) -> BinaryIO:
        return self._path(blob_id).open("rb")

    def size(self, blob_id: BlobId) -> int | None:
        try:
            return self._path(blob_id).stat().st_size
        except FileNotFoundError:
            return None

    def delete(self, blob_id: BlobId) -> None:
        self._path(blob_id).unlink(missing_ok=True)

    def iter_ids(self) -> Iterator[BlobId]:
        for shard in sorted(self._folder.glob("[0-9a-f][0-9a-f]")):
            for path in sorted(shard.iterdir()):
                yield BlobId(path.name)

    def _path(self, blob_id: BlobId) -> Path:
        return self._folder / blob_id[:2] / blob_id

    def _new_temporary(self) -> Path:
        return self._incoming / uuid4().hex

    def _adopt(self, temporary: Path, blob_id: BlobId) -> None:
        target = self._path(blob_id)
        if target.parent not in self._durable:  # there already: whoever made it may not have come to the sync yet
            target.parent.mkdir(exist_ok=True)
            sync_folder(self._folder)
            self._durable.add(target.parent)
        if not target.exists():
            temporary.replace(target)
        sync_folder(target.parent)

    def _forget_abandoned(self) -> None:
        oldest = time.time() - ABANDONED_AFTER_SECONDS
        for path in self._incoming.iterdir():
            with suppress(FileNotFoundError, PermissionError):  # kept by another process meanwhile; open, on Windows
                if path.stat().st_mtime < oldest:
                    path.unlink()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    if os.name != "posix":  # Windows has no such call: NTFS journals the rename itself
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
