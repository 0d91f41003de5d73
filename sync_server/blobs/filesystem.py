"""Blobs in a folder: write aside, fsync, rename, fsync the folder.

The rename makes a blob appear whole or not at all; the folder's own fsync makes the name survive a power cut. Kept
means both are done. A blob that is there already is not written again, but its folder is synced all the same:
another request may have renamed it a moment ago and not have come to that yet.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from sync_server.blobs.base import StoredBlob
from sync_server.blobs.spool import HashingSpool, forget_abandoned
from sync_server.core.ids import BlobId
from sync_server.durable import sync_folder


class FilesystemBlobs:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._durable: set[Path] = set()
        self._incoming.mkdir(parents=True, exist_ok=True)
        for parent in (folder, *folder.absolute().parents[:2]):  # a kept blob needs every folder above it
            sync_folder(parent)
        forget_abandoned(self._incoming)

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
        return self.path(blob_id).open("rb")

    def size(self, blob_id: BlobId) -> int | None:
        try:
            return self.path(blob_id).stat().st_size
        except FileNotFoundError:
            return None

    def delete(self, blob_id: BlobId) -> None:
        self.path(blob_id).unlink(missing_ok=True)

    def iter_ids(self) -> Iterator[BlobId]:
        for path in self._iter_paths():
            yield BlobId(path.name)

    def iter_stored(self, shard: str = "") -> Iterator[StoredBlob]:
        for path in self._iter_paths(shard or "[0-9a-f][0-9a-f]"):
            with suppress(FileNotFoundError):  # deleted since the folder was read
                status = path.stat()
                yield StoredBlob(BlobId(path.name), status.st_size, status.st_mtime)

    def _iter_paths(self, shards: str = "[0-9a-f][0-9a-f]") -> Iterator[Path]:
        for shard in sorted(self._folder.glob(shards)):
            yield from sorted(shard.iterdir())

    def path(self, blob_id: BlobId) -> Path:
        """Where the blob lies, if it is here."""
        return self._folder / blob_id[:2] / blob_id

    def _new_temporary(self) -> Path:
        return self._incoming / uuid4().hex

    def _adopt(self, temporary: Path, blob_id: BlobId) -> None:
        target = self.path(blob_id)
        if target.parent not in self._durable:  # there already: whoever made it may not have come to the sync yet
            target.parent.mkdir(exist_ok=True)
            sync_folder(self._folder)
            self._durable.add(target.parent)
        if not target.exists():
            temporary.replace(target)
        sync_folder(target.parent)
