"""Write one back-up into its target: the pieces of the database, the files, and last the list that makes it one."""

import hashlib
import logging
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from sync_server.core.backup_manifest import DATABASE, FILE, NODE_KEY, Header, Piece, write_header, write_lines
from sync_server.core.backup_rule import expiry
from sync_server.core.ids import BlobId, sha256_hex
from sync_server.core.sealing import SALT_BYTES, seal
from sync_server.node import Node
from sync_server.services.backup_keys import BackupKey
from sync_server.services.backup_target import Target
from sync_server.services.digest_node import digest_snapshot
from sync_server.store import holdings
from sync_server.store.snapshot import Snapshot, take_snapshot

log = logging.getLogger(__name__)

READ = 1 << 20


class _FileDamaged(Exception):
    pass


@dataclass(slots=True)
class Backup:
    """What a back-up came to."""

    header: Header
    path: Path = Path()
    written: int = 0
    written_bytes: int = 0
    known: int = 0
    damaged: list[str] = field(default_factory=list)


Progress = Callable[[int], None]


class Maker:
    """One back-up under way."""

    def __init__(self, node: Node, target: Target, key: BackupKey, progress: Progress) -> None:
        self._node, self._target, self._key, self._progress = node, target, key, progress
        self._contents = key.contents

    def make(self, scratch: Path, made_at: datetime) -> Backup:
        pieces = scratch / "pieces"  # not in memory: there may be a million
        with take_snapshot(self._node.database, scratch) as snapshot, pieces.open("wb") as stream:
            self._made = Backup(self._describe(snapshot, made_at))
            stream.writelines(piece.to_line() for piece in self._keep_database(snapshot))
        with pieces.open("ab") as stream:
            stream.writelines(piece.to_line() for piece in self._keep_files())
        self._made.path = self._target.publish(made_at, self._write_list(pieces))
        return self._made

    def _describe(self, snapshot: Snapshot, made_at: datetime) -> Header:
        rule = {"days": self._node.settings.backup_keep_days, "weeks": self._node.settings.backup_keep_weeks}
        return Header(
            node=self._node.id,
            key=self._key.id,
            slot=dict(self._key.slot),
            made_at=made_at,
            expires_at=expiry(made_at, **rule),
            engine=snapshot.engine,
            program=version("sync-server"),
            submissions=holdings.count_versions(snapshot.session),
            digests=digest_snapshot(snapshot.session),
        )

    def _keep_database(self, snapshot: Snapshot) -> Iterator[Piece]:
        for content in snapshot.pieces():
            piece = Piece(DATABASE, sha256_hex(content), len(content))
            if not self._is_known(piece):
                self._write(piece, [zlib.compress(content, 1)])
            yield piece

    def _keep_files(self) -> Iterator[Piece]:
        for blob in self._node.blobs.iter_stored():
            piece = Piece(FILE, blob.id, blob.size)
            if self._is_known(piece) or self._copy_file(piece):
                yield piece

    def _copy_file(self, piece: Piece) -> bool:
        try:
            self._write(piece, self._read_file(piece))
        except FileNotFoundError:
            return self._node.blobs.size(BlobId(piece.sha256)) is not None
        except _FileDamaged:
            log.error("file damaged, not backed up node=%s file=%s", self._node.id, piece.sha256)
            self._made.damaged.append(piece.sha256)
            return False
        return True

    def _read_file(self, piece: Piece) -> Iterator[bytes]:
        digest = hashlib.sha256()
        with self._node.blobs.open(BlobId(piece.sha256)) as stream:
            while content := stream.read(READ):
                digest.update(content)
                yield content
        if digest.hexdigest() != piece.sha256:
            raise _FileDamaged

    def _is_known(self, piece: Piece) -> bool:
        is_known = self._target.has(self._key.id, self._key.name_of(piece))
        self._made.known += is_known
        self._progress(self._made.known + self._made.written)
        return is_known

    def _write(self, piece: Piece, content: Iterable[bytes]) -> None:
        name = self._key.name_of(piece)
        sealed = seal(content, self._contents, os.urandom(SALT_BYTES), context=name.encode())
        self._made.written_bytes += self._target.write(self._key.id, name, sealed)
        self._made.written += 1

    def _write_list(self, pieces: Path) -> Iterator[bytes]:
        header = write_header(self._made.header)
        yield header
        lines = write_lines(self._read_pieces(pieces))
        yield from seal(lines, self._key.manifests, os.urandom(SALT_BYTES), context=header)

    def _read_pieces(self, pieces: Path) -> Iterator[Piece]:
        yield Piece(NODE_KEY, self._node.key.hex())
        with pieces.open(encoding="ascii") as stream:
            for line in stream:
                kind, sha256, size = line.split()
                yield Piece(kind, sha256, int(size))
