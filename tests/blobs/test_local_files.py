"""Blobs as files of this machine: fetched once, checked, never taken away under a reader."""

import hashlib
import os
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest

from sync_server.blobs.base import BlobDamaged
from sync_server.blobs.filesystem import FilesystemBlobs
from sync_server.blobs.local_files import IN_USE_SECONDS, LocalFiles
from sync_server.blobs.memory import MemoryBlobs
from sync_server.core.ids import BlobId

MISSING = BlobId("0" * 64)
SEGMENT = b"segment " * 100


class Far(MemoryBlobs):
    """A store elsewhere, which counts how often it is asked and can be told to answer wrongly."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = 0
        self.is_damaged = False

    def open(self, blob_id: BlobId) -> BinaryIO:
        self.opened += 1
        return BytesIO(b"something else") if self.is_damaged else super().open(blob_id)


@pytest.fixture
def far() -> Far:
    return Far()


def _put(far: Far, number: int) -> BlobId:
    return far.put(SEGMENT + bytes([number]))


def _age(path: Path, seconds: float = IN_USE_SECONDS + 60) -> None:
    used = path.stat().st_mtime - seconds
    os.utime(path, (used, used))


def _here(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("??/*")}


def test_a_blob_in_a_folder_is_its_own_file(tmp_path: Path) -> None:
    blobs = FilesystemBlobs(tmp_path / "blobs")
    blob_id = blobs.put(SEGMENT)
    files = LocalFiles(blobs, tmp_path / "copies", 0)
    assert files.path(blob_id).is_relative_to(tmp_path / "blobs")
    with files.open(blob_id) as stream:
        assert stream.read() == SEGMENT
    files.delete(blob_id)
    with pytest.raises(FileNotFoundError):
        files.path(blob_id)
    with pytest.raises(FileNotFoundError):
        files.path(MISSING)


def test_a_blob_from_elsewhere_is_fetched_once(far: Far, tmp_path: Path) -> None:
    blob_id = far.put(SEGMENT)
    files = LocalFiles(far, tmp_path, 1_000_000)
    assert [files.path(blob_id).read_bytes() for _ in range(3)] == [SEGMENT] * 3
    assert far.opened == 1


def test_what_is_nowhere_is_said_and_leaves_nothing(far: Far, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LocalFiles(far, tmp_path, 1_000_000).path(MISSING)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_copy_that_is_not_what_was_asked_for_is_not_kept(far: Far, tmp_path: Path) -> None:
    blob_id = far.put(SEGMENT)
    files = LocalFiles(far, tmp_path, 1_000_000)
    far.is_damaged = True
    with pytest.raises(BlobDamaged):
        files.path(blob_id)
    far.is_damaged = False
    assert hashlib.sha256(files.path(blob_id).read_bytes()).hexdigest() == blob_id


def test_the_copies_unused_for_longest_go_first(far: Far, tmp_path: Path) -> None:
    first, second, third = (_put(far, number) for number in range(3))
    files = LocalFiles(far, tmp_path, 2 * len(SEGMENT) + 2)
    for blob_id, age in ((first, 2), (second, 3)):
        _age(files.path(blob_id), age * IN_USE_SECONDS)
    files.path(third)
    assert _here(tmp_path) == {first, third}


def test_what_was_used_a_moment_ago_stays_although_the_limit_is_passed(far: Far, tmp_path: Path) -> None:
    blob_ids = {_put(far, number) for number in range(3)}
    files = LocalFiles(far, tmp_path, 1)
    for blob_id in blob_ids:
        files.path(blob_id)
    assert _here(tmp_path) == blob_ids


def test_a_pinned_copy_stays_until_it_is_let_go(far: Far, tmp_path: Path) -> None:
    pinned, second, third = (_put(far, number) for number in range(3))
    files = LocalFiles(far, tmp_path, 1)
    with files.pin([pinned]), files.pin([pinned, MISSING]):
        _age(files.path(pinned))
        files.path(second)
        assert _here(tmp_path) == {pinned, second}
    files.path(third)
    assert pinned not in _here(tmp_path)


def test_what_is_deleted_is_gone_here_and_there(far: Far, tmp_path: Path) -> None:
    blob_id = far.put(SEGMENT)
    files = LocalFiles(far, tmp_path, 1_000_000)
    with files.pin([blob_id]):
        copy = files.path(blob_id)
        files.delete(blob_id)
        files.delete(blob_id)
    assert not copy.exists()
    assert far.size(blob_id) is None
