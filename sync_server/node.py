"""This node's engine, writer, blobs and keys, in one frozen object.

`Node.open(settings)` and `close()` open and close any number of nodes in one process. The data folder holds
`sync.db` (with SQLite), `blobs/`, `incoming/` (parts of files from peers), `warehouse/` (derived), and `node.key`: a
random key outside the database, with which the secrets that must be shown again are sealed. The key doubles as a
marker that data existed: a folder with a key whose database is empty is not silently begun anew.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from sync_server.blobs.base import BlobStore
from sync_server.blobs.free_space import FreeSpace
from sync_server.blobs.opening import open_blobs, open_segments
from sync_server.core.scope import Grant
from sync_server.operator_errors import DataMissing, FolderUnusable, ImpossibleSetting, RestoreUnfinished
from sync_server.settings import Settings
from sync_server.store import nodes
from sync_server.store.accounts import Actor
from sync_server.store.blocks import Blocks
from sync_server.store.engine import Database, unusable
from sync_server.store.list_sums import ListSums
from sync_server.store.migrations import migrate
from sync_server.store.short_memory import ShortMemory
from sync_server.store.writer import Writer
from sync_server.warehouse.warehouse import Warehouse

R = TypeVar("R")

RESTORING = "restoring"  # a folder in the data folder, there as long as a restore is under way


@dataclass(frozen=True, slots=True)
class Node:
    settings: Settings
    id: str
    key: bytes = field(repr=False)
    database: Database
    writer: Writer
    blobs: BlobStore
    space: FreeSpace = field(repr=False, compare=False)
    warehouse: Warehouse = field(repr=False, compare=False)
    tokens: ShortMemory[str, Actor | None] = field(default_factory=ShortMemory, repr=False, compare=False)
    grants: ShortMemory[int, tuple[Grant, ...]] = field(default_factory=ShortMemory, repr=False, compare=False)
    list_sums: ListSums = field(default_factory=ListSums, repr=False, compare=False)
    blocks: Blocks = field(default_factory=Blocks, repr=False, compare=False)
    echoes: dict[str, tuple[tuple[str, ...], int, int]] = field(default_factory=dict, repr=False, compare=False)
    """For each peer what it holds under, and from where to where of the feed nothing is for it but its own."""

    @classmethod
    def open(cls, settings: Settings) -> "Node":
        """Open the node in the data folder, making or migrating what is needed; raise DataMissing rather than
        begin anew over a lost database."""
        with _folder(settings.data), _database(settings) as database:
            node_id = _identity(database)
            key = _key(settings)
            blobs = open_blobs(settings)
            warehouse = _warehouse(settings, blobs)
        space = FreeSpace(settings.data)
        node = cls(settings, node_id, key, database, Writer(database), blobs, space, warehouse)
        node.learn_blocks()
        return node

    def write(self, function: Callable[[Session], R]) -> R:
        """Run `function(session)` in the writer's next commit; return when it is durable."""
        return self.writer.run(function)

    def learn_blocks(self) -> None:
        """Read what was erased since this node last looked, so that it is not taken in again."""
        with self.database.read() as session:
            self.blocks.refresh(session)

    @property
    def scratch(self) -> Path:
        """Folder for files that need not outlive this process, on the disk whose space is watched."""
        folder = self.settings.data / "scratch"
        folder.mkdir(exist_ok=True)
        return folder

    def has_room(self, size: int) -> bool:
        """Whether the disk can take so many bytes and keep its reserve."""
        return self.free_bytes() >= self.settings.min_free_bytes + size

    def free_bytes(self) -> int:
        """Free space of the data folder's disk, a second old at most."""
        return self.space.bytes()

    def close(self) -> None:
        self.writer.close()
        self.warehouse.close()
        self.database.close()

    def __enter__(self) -> "Node":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def _folder(path: Path) -> Iterator[None]:
    """Make the data folder, readable by its owner only, if it is not there; say when it cannot be used."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise FolderUnusable(folder=path, reason=error.strerror or error) from error


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    """Open the database and bring it up to date; close it again when what follows fails."""
    database = Database(settings.effective_database_url)
    try:
        _refuse_lost_database(settings, database)
        migrate(database)
        yield database
    except BaseException as error:
        database.close()
        if isinstance(error, DBAPIError):
            raise unusable(error) from error
        raise


def _warehouse(settings: Settings, blobs: BlobStore) -> Warehouse:
    files = open_segments(settings, blobs)
    return Warehouse(files, files, scratch=settings.data / "scratch", memory_mb=settings.warehouse_memory_mb)


def _identity(database: Database) -> str:
    with database.write() as session:
        nodes.require_writable(session)
        return nodes.ensure_node(session, new_id=lambda: uuid4().hex, now=datetime.now(UTC))


def _refuse_lost_database(settings: Settings, database: Database) -> None:
    if (settings.data / RESTORING).exists():
        raise RestoreUnfinished(folder=settings.data)
    if (settings.data / "node.key").exists() and not inspect(database.engine).has_table("node"):
        raise DataMissing(folder=settings.data)


def _key(settings: Settings) -> bytes:
    """Read the node's key, made when the node is: after its database, so that a key always means there was one.

    Given as a setting, it needs no file; a file that says another is of another node.
    """
    path = settings.data / "node.key"
    if not path.exists():
        if settings.node_key:
            return bytes.fromhex(settings.node_key)
        _write_key(path, os.urandom(32).hex())
    key = path.read_text("ascii").strip()
    if settings.node_key not in ("", key):
        raise ImpossibleSetting(name="node_key", value="what it is", reason="node.key in the data folder is another.")
    return bytes.fromhex(key)


def _write_key(path: Path, key: str) -> None:
    """Write the key so that a crash leaves either none or the whole, readable by its owner only."""
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
