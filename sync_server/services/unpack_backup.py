"""Unpack a back-up into a folder, checking every byte against its seal and its sha256 on the way."""

import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from sync_server.blobs.base import BlobStore
from sync_server.core.backup_manifest import DATABASE, FILE, NODE_KEY, Header, Piece
from sync_server.core.sealing import NotAsSealed, open_sealed
from sync_server.operator_errors import BackupDamaged, NoBackupHere
from sync_server.services.backup_keys import BackupKey
from sync_server.services.backup_target import SUFFIX, Target
from sync_server.services.keep_backups import read_pieces
from sync_server.store.snapshot import PIECES, SQLITE

DATABASE_FILES = {SQLITE: "sync.db"}
DUMP = "database.dump"

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Unpacked:
    database: Path
    files: int


def find_backup(path: Path) -> Path:
    """Return the list of a back-up: the file itself, or the newest of a node's folder, or of a target's only node."""
    if path.is_file() and path.suffix == SUFFIX:
        return path
    for pattern in (f"*{SUFFIX}", f"*/*{SUFFIX}"):
        found = sorted(path.glob(pattern))
        if found and len({each.parent for each in found}) == 1:
            return found[-1]
    raise NoBackupHere(folder=path)


def unpack(
    backup: Path,
    header: Header,
    key: BackupKey,
    folder: Path,
    blobs: BlobStore,
    *,
    progress: Progress = lambda done: None,
) -> Unpacked:
    """Write database and key into `folder`, files into `blobs`; raise BackupDamaged at the first byte that is not as it
    was."""
    return _Unpacking(backup, header, key, folder, blobs, progress).run()


class _Unpacking:
    def __init__(
        self, backup: Path, header: Header, key: BackupKey, folder: Path, blobs: BlobStore, progress: Progress
    ) -> None:
        self._backup, self._key, self._progress = backup, key, progress
        self._target = Target(backup.parent)
        self._contents = key.contents
        self._longest = PIECES[header.engine]
        self._database = folder / DATABASE_FILES.get(header.engine, DUMP)
        self._node_key = folder / "node.key"
        self._blobs = blobs

    def run(self) -> Unpacked:
        files = 0
        with self._database.open("wb") as database:
            for done, piece in enumerate(read_pieces(self._backup, self._key)):
                self._take(piece, database)
                files += piece.kind == FILE
                self._progress(done)
            _sync(database)
        return Unpacked(self._database, files)

    def _take(self, piece: Piece, database: BinaryIO) -> None:
        if piece.kind == DATABASE:
            database.write(self._database_piece(piece))
        elif piece.kind == FILE:
            self._take_file(piece)
        elif piece.kind == NODE_KEY:
            self._take_key(piece.sha256)

    def _database_piece(self, piece: Piece) -> bytes:
        try:
            content = zlib.decompressobj().decompress(b"".join(self._open(piece)), self._longest)
        except zlib.error as error:
            raise self._damaged(piece) from error
        if sha256(content).hexdigest() != piece.sha256:
            raise self._damaged(piece)
        return content

    def _take_file(self, piece: Piece) -> None:
        spool = self._blobs.spool()
        try:
            for content in self._open(piece):
                spool.write(content)
            if spool.sha256 != piece.sha256:
                raise self._damaged(piece)
            spool.keep()
        finally:
            spool.close()

    def _take_key(self, node_key: str) -> None:
        descriptor = os.open(self._node_key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(f"{node_key}\n".encode())
            _sync(file)

    def _open(self, piece: Piece) -> Iterator[bytes]:
        name = self._key.name_of(piece)
        try:
            with self._target.open(self._key.id, name) as stream:
                yield from open_sealed(stream, self._contents, context=name.encode())
        except (NotAsSealed, FileNotFoundError) as error:
            raise self._damaged(piece) from error

    def _damaged(self, piece: Piece) -> BackupDamaged:
        return BackupDamaged(name=f"{piece.kind} {self._key.name_of(piece)}")


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
