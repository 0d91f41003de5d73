"""Give blobs as files of this machine, for readers that want a path (DuckDB).

Blobs in a folder are such files already. Those of S3 are fetched once into a folder of copies: aside, checked against
their sha256, synced, renamed. When the copies outgrow their limit, those unused for longest go, never one that is
pinned. Other processes share the folder and their pins are not seen here, so what was used a few minutes ago stays as
well: the limit is a soft one.
"""

import hashlib
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import disk_usage
from threading import Lock
from typing import BinaryIO
from uuid import uuid4

from sync_server.blobs.base import BlobDamaged, BlobStore, Spool, StoredBlob
from sync_server.blobs.filesystem import FilesystemBlobs
from sync_server.blobs.spool import forget_abandoned
from sync_server.core.ids import BlobId

PIECE = 1 << 20
IN_USE_SECONDS = 600  # from asking for the path to having the file open, with much to spare
LOCKS = 64


class LocalFiles:
    """A blob store whose blobs are files: copies of those of `store`, where needed, `limit_bytes` together."""

    def __init__(self, store: BlobStore, folder: Path, limit_bytes: int) -> None:
        self._store = store
        self._folder = folder
        self._limit = limit_bytes
        self._pins: Counter[BlobId] = Counter()
        self._pinning = Lock()
        self._fetching = [Lock() for _ in range(LOCKS)]  # so that readers of one blob fetch it once

    def path(self, blob_id: BlobId) -> Path:
        """Return the file of a blob; raise FileNotFoundError when it is nowhere, BlobDamaged when it is not itself."""
        if isinstance(self._store, FilesystemBlobs):
            return _existing(self._store.path(blob_id))
        copy = self._copy(blob_id)
        with self._fetching[int(blob_id[:8], 16) % LOCKS]:
            if not _touch(copy):
                self._fetch(blob_id, copy)
        return copy

    def spool(self) -> Spool:
        return self._store.spool()

    def put(self, content: bytes) -> BlobId:
        return self._store.put(content)

    def open(self, blob_id: BlobId) -> BinaryIO:
        return self.path(blob_id).open("rb")

    def size(self, blob_id: BlobId) -> int | None:
        return self._store.size(blob_id)

    def delete(self, blob_id: BlobId) -> None:
        """Delete it there and here, pinned or not: what is erased must not live on in a copy."""
        self._store.delete(blob_id)
        self.forget(blob_id)

    def forget(self, blob_id: BlobId) -> None:
        """Remove the copy, where there is one."""
        if not isinstance(self._store, FilesystemBlobs):
            self._copy(blob_id).unlink(missing_ok=True)

    def iter_ids(self) -> Iterator[BlobId]:
        return self._store.iter_ids()

    def iter_stored(self, shard: str = "") -> Iterator[StoredBlob]:
        return self._store.iter_stored(shard)

    @contextmanager
    def pin(self, blob_ids: Iterable[BlobId]) -> Iterator[None]:
        """Keep the copies of these blobs, fetched already or not, as long as the block lasts."""
        pinned = tuple(blob_ids)
        with self._pinning:
            self._pins.update(pinned)
        try:
            yield
        finally:
            with self._pinning:
                self._pins.subtract(pinned)
                self._pins += Counter()  # forget those at zero

    def _copy(self, blob_id: BlobId) -> Path:
        return self._folder / blob_id[:2] / blob_id

    def _fetch(self, blob_id: BlobId, copy: Path) -> None:
        incoming = self._folder / "incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        temporary = incoming / uuid4().hex
        try:
            with self._store.open(blob_id) as source, temporary.open("xb") as target:
                _copy_checked(blob_id, source, target)
            copy.parent.mkdir(exist_ok=True)
            self._make_room(temporary.stat().st_size)
            with suppress(PermissionError):  # Windows: another process has fetched and opened the same
                temporary.replace(copy)
        finally:
            temporary.unlink(missing_ok=True)

    def _make_room(self, size: int) -> None:
        forget_abandoned(self._folder / "incoming")
        copies = sorted(_iter_copies(self._folder))
        held = sum(each_size for _used, each_size, _path in copies)
        # Half of a small disk at most: a full one would turn uploads away.
        excess = held + size - min(self._limit, (held + disk_usage(self._folder).free) // 2)
        spare = time.time() - IN_USE_SECONDS
        for used, each_size, path in copies:
            if excess <= 0 or used > spare:
                return
            if self._remove_unpinned(path):
                excess -= each_size

    def _remove_unpinned(self, path: Path) -> bool:
        with self._pinning:
            if BlobId(path.name) in self._pins:
                return False
            try:
                path.unlink(missing_ok=True)
            except PermissionError:  # open, on Windows
                return False
            return True


def _iter_copies(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """Say of every copy when it was last asked for, and its size."""
    for path in folder.glob("[0-9a-f][0-9a-f]/*"):
        with suppress(FileNotFoundError):
            status = path.stat()
            yield status.st_mtime, status.st_size, path


def _existing(path: Path) -> Path:
    path.stat()  # raises FileNotFoundError
    return path


def _touch(copy: Path) -> bool:
    """Mark a copy as used now; False when there is none."""
    try:
        os.utime(copy)
    except FileNotFoundError:
        return False
    return True


def _copy_checked(blob_id: BlobId, source: BinaryIO, target: BinaryIO) -> None:
    digest = hashlib.sha256()
    while piece := source.read(PIECE):
        digest.update(piece)
        target.write(piece)
    if digest.hexdigest() != blob_id:
        raise BlobDamaged(blob_id)
    target.flush()
    os.fsync(target.fileno())  # else a power cut could leave the name without the bytes
