"""The folder that holds one node's back-ups: sealed contents by name, and one list for each back-up.

    <target>/<node id>/<time>-<chance>.backup        the list of one back-up
    <target>/<node id>/contents-<key>/ab/ab12…        pieces of the database and files, each written once
    <target>/<node id>/incoming/                      what is being written

Everything is written aside, synced and renamed, the list last: a crash leaves contents that no list names, never half
a back-up. Contents taken up again are touched, so that a clean-up beside a running back-up leaves them alone.
"""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from sync_server.durable import sync_folder

SUFFIX = ".backup"
TIME = "%Y%m%dT%H%M%SZ"
UNTOUCHED_SECONDS = 24 * 3600  # longer than any back-up takes


class Target:
    """One node's folder in a target."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._used: set[Path] = set()

    def prepare(self) -> None:
        """Make the folders; forget what broken-off back-ups left half written."""
        (self.folder / "incoming").mkdir(parents=True, exist_ok=True)
        sync_folder(self.folder.parent)
        for path in (self.folder / "incoming").iterdir():
            _forget_if_old(path)

    def backups(self) -> list[Path]:
        """List the back-ups, the newest first."""
        return sorted(self.folder.glob(f"*{SUFFIX}"), reverse=True)

    def has(self, key_id: str, name: str) -> bool:
        """Say whether the content is there; if so, keep it from being cleaned up before the list names it."""
        path = self._path(key_id, name)
        self._used.add(path.parent)
        try:
            os.utime(path)
        except FileNotFoundError:
            return False
        return True

    def write(self, key_id: str, name: str, pieces: Iterable[bytes]) -> int:
        """Write one content; return its bytes."""
        path = self._path(key_id, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._used |= {path.parent, path.parent.parent, self.folder}
        return self._write_aside(path, pieces)

    def publish(self, made_at: datetime, pieces: Iterable[bytes]) -> Path:
        """Write the list of a back-up, and with it make the back-up; everything it names is durable before."""
        path = self.folder / f"{made_at:{TIME}}-{uuid4().hex[:8]}{SUFFIX}"
        self._write_aside(path, pieces, before=self._sync_used)
        sync_folder(self.folder)
        return path

    def open(self, key_id: str, name: str) -> BinaryIO:
        return self._path(key_id, name).open("rb")

    def contents(self, key_id: str) -> Iterator[Path]:
        yield from (self.folder / f"contents-{key_id}").glob("??/*")

    def key_ids(self) -> set[str]:
        return {path.name.removeprefix("contents-") for path in self.folder.glob("contents-*")}

    def _path(self, key_id: str, name: str) -> Path:
        return self.folder / f"contents-{key_id}" / name[:2] / name

    def _write_aside(self, path: Path, pieces: Iterable[bytes], *, before: object = None) -> int:
        aside = self.folder / "incoming" / uuid4().hex
        try:
            with aside.open("wb") as file:
                size = sum(file.write(piece) for piece in pieces)
                file.flush()
                os.fsync(file.fileno())
            if callable(before):
                before()
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
        return size

    def _sync_used(self) -> None:
        for folder in sorted(self._used):
            if folder.exists():
                sync_folder(folder)


def made_at_of(backup: Path) -> datetime | None:
    """Read from its name when a back-up was made; None for a file that somebody else put there."""
    try:
        return datetime.strptime(backup.name.partition("-")[0], TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def forget_unless_named(contents: Iterable[Path], named: set[bytes]) -> int:
    """Delete contents that no list names and nobody touched for a day; return how many."""
    return sum(_forget_if_old(path) for path in contents if bytes.fromhex(path.name)[:16] not in named)


def _forget_if_old(path: Path) -> bool:
    with suppress(FileNotFoundError, PermissionError):  # taken up meanwhile; open, on Windows
        if path.stat().st_mtime < time.time() - UNTOUCHED_SECONDS:
            path.unlink()
            return True
    return False
