"""The warehouse of a node: its files, and the DuckDB that reads them.

DuckDB is opened at the first use, in memory; a hub on which nobody reads pays nothing for it. Files are immutable, and
a reader pins those of its manifest, so that nothing it may still want is deleted under it.
"""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Protocol

from sync_server.blobs.base import BlobDamaged, BlobStore
from sync_server.blobs.local_files import LocalFiles
from sync_server.core.ids import BlobId
from sync_server.operator_errors import SegmentDamaged
from sync_server.store.segments import Manifest

if TYPE_CHECKING:
    import duckdb

THREADS = 2
PIECE = 1 << 20


class Turn(Protocol):
    """A lock, of whichever kind."""

    def acquire(self, blocking: bool = ..., timeout: float = ...) -> bool: ...

    def release(self) -> None: ...


class Warehouse:
    def __init__(self, files: BlobStore, local: LocalFiles, *, scratch: Path, memory_mb: int) -> None:
        self.files = files
        self.local = local
        self._scratch = scratch
        self._memory_mb = memory_mb
        self._database: duckdb.DuckDBPyConnection | None = None
        self._lock = threading.Lock()
        self._pins: Counter[BlobId] = Counter()
        self._damaged: set[BlobId] = set()
        self.building = threading.RLock()
        self.renewing = threading.RLock()

    @contextmanager
    def cursor(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        """Give a connection of its own to the one database; temporary tables are its own too."""
        with self._lock:
            if self._database is None:
                self._database = self._open()
            cursor = self._database.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextmanager
    def turn(self, lock: Turn, deadline: float) -> Iterator[bool]:
        """Wait for a turn at the work of a lock (time.perf_counter() at most `deadline`); False when none came."""
        patience = deadline - time.perf_counter()
        is_mine = lock.acquire(timeout=min(max(patience, 0.0), threading.TIMEOUT_MAX))
        try:
            yield is_mine
        finally:
            if is_mine:
                lock.release()

    def path(self, blob_id: BlobId) -> Path:
        """Path of a segment's file on this machine; raise SegmentDamaged when it is not there."""
        try:
            return self.local.path(blob_id)
        except (FileNotFoundError, BlobDamaged) as error:
            raise self._note_damage(blob_id) from error

    @contextmanager
    def pinned(self, manifest: Manifest) -> Iterator[None]:
        """Keep the files of a manifest until the block ends; say which is damaged when reading one fails."""
        blobs = manifest.blobs
        with self._lock:
            self._pins.update(blobs)
        try:
            with self.local.pin(blobs):
                yield
        except Exception as error:
            damaged = self.find_damaged(blobs) if _is_of_duckdb(error) else None
            if damaged is None:
                raise
            raise self._note_damage(damaged) from error
        finally:
            with self._lock:
                self._pins.subtract(blobs)
                self._pins += Counter()

    def is_pinned(self, blob_id: BlobId) -> bool:
        with self._lock:
            return self._pins[blob_id] > 0

    def take_damaged(self) -> set[BlobId]:
        """Which files readers found damaged or missing since this was asked last."""
        with self._lock:
            damaged, self._damaged = self._damaged, set()
        return damaged

    def _note_damage(self, blob_id: BlobId) -> SegmentDamaged:
        with self._lock:
            self._damaged.add(blob_id)
        return SegmentDamaged(blob=blob_id)

    def find_damaged(self, blobs: Iterable[BlobId]) -> BlobId | None:
        """Find the first file that is missing or is not what its name says. Reads every byte."""
        return next((blob_id for blob_id in sorted(blobs) if not self.is_whole(blob_id)), None)

    def is_whole(self, blob_id: BlobId) -> bool:
        try:
            digest = hashlib.sha256()
            with self.files.open(blob_id) as stream:
                while piece := stream.read(PIECE):
                    digest.update(piece)
            return digest.hexdigest() == blob_id
        except (FileNotFoundError, BlobDamaged):
            return False

    def new_folder(self) -> Path:
        """Make a folder for files on their way; whoever asks takes it away."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        return Path(mkdtemp(prefix="warehouse-", dir=self._scratch))

    def close(self) -> None:
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _open(self) -> "duckdb.DuckDBPyConnection":
        import duckdb  # thirty megabytes that a hub on which nobody reads can spare

        self._scratch.mkdir(parents=True, exist_ok=True)
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{self._memory_mb}MB",
            "threads": THREADS,
            "temp_directory": str(self._scratch / "duckdb"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": True,
        }
        database = duckdb.connect(":memory:", config=config)
        # A file never changes under its name. Reading its footer anew was a third of what one submission costs.
        database.execute("SET GLOBAL parquet_metadata_cache = true")
        database.execute("SET GLOBAL TimeZone = 'UTC'")
        # With it (2.0.0) a sorted page of a filtered Parquet file ends in an internal error, "failed to bind
        # file_index", now and then.
        database.execute("SET GLOBAL disabled_optimizers = 'late_materialization'")
        return database


def _is_of_duckdb(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in ("duckdb", "_duckdb")
