"""The contract of the blob store, run against every implementation."""

import hashlib
from pathlib import Path

import pytest

from sync_server.blobs import filesystem
from sync_server.blobs.base import BlobStore
from sync_server.blobs.filesystem import FilesystemBlobs
from sync_server.blobs.local_files import LocalFiles
from sync_server.blobs.memory import MemoryBlobs
from sync_server.blobs.spool import IN_MEMORY_BYTES, HashingSpool
from sync_server.core.ids import BlobId
from tests.support.s3 import open_bucket

SIZES = (0, 1, IN_MEMORY_BYTES, IN_MEMORY_BYTES + 1, 3 * IN_MEMORY_BYTES)


@pytest.fixture(params=["filesystem", "memory", "s3", "s3 by way of copies"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    match request.param:
        case "filesystem":
            return FilesystemBlobs(tmp_path / "blobs")
        case "memory":
            return MemoryBlobs()
        case "s3":
            return open_bucket(request.getfixturevalue("s3"), tmp_path)
    return LocalFiles(open_bucket(request.getfixturevalue("s3"), tmp_path), tmp_path / "copies", 0)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_kept_comes_back_unchanged(blobs: BlobStore, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    spool = blobs.spool()
    for start in range(0, size, 70_000):
        spool.write(content[start : start + 70_000])
    blob_id = spool.keep()
    spool.close()
    assert blob_id == hashlib.sha256(content).hexdigest()
    assert blobs.size(blob_id) == size
    with blobs.open(blob_id) as stream:
        assert stream.read() == content


def test_keeping_the_same_bytes_twice_keeps_one(blobs: BlobStore) -> None:
    assert blobs.put(b"photo") == blobs.put(b"photo")
    assert list(blobs.iter_ids()) == [hashlib.sha256(b"photo").hexdigest()]


def test_what_is_closed_without_being_kept_is_forgotten(blobs: BlobStore) -> None:
    spool = blobs.spool()
    spool.write(b"x" * (IN_MEMORY_BYTES + 1))
    spool.close()
    assert list(blobs.iter_ids()) == []


def test_a_spool_can_be_read_back_while_it_is_written(blobs: BlobStore) -> None:
    spool = blobs.spool()
    spool.write(b"first ")
    spool.write(b"second")
    spool.seek(0)
    assert spool.read() == b"first second"


@pytest.mark.parametrize("size", SIZES)
def test_what_was_set_down_is_kept_whole(blobs: BlobStore, size: int) -> None:
    spool = blobs.spool()
    spool.write(b"x" * size)
    spool.set_down()
    blob_id = spool.keep()
    spool.close()
    with blobs.open(blob_id) as stream:
        assert stream.read() == b"x" * size


def test_what_was_set_down_without_being_kept_is_forgotten(tmp_path: Path) -> None:
    spool = FilesystemBlobs(tmp_path).spool()
    spool.write(b"x")
    spool.set_down()
    spool.close()
    assert list((tmp_path / "incoming").iterdir()) == []


def test_what_is_not_here_is_said(blobs: BlobStore) -> None:
    missing = BlobId("0" * 64)
    assert blobs.size(missing) is None
    with pytest.raises(FileNotFoundError):
        blobs.open(missing)


def test_a_listing_says_ids_and_sizes_of_all_or_of_one_shard(blobs: BlobStore) -> None:
    contents = {hashlib.sha256(content).hexdigest(): len(content) for content in (b"a", b"bc", b"def")}
    for content in (b"a", b"bc", b"def"):
        blobs.put(content)
    assert [(blob.id, blob.size) for blob in blobs.iter_stored()] == sorted(contents.items())
    first = min(contents)
    assert [blob.id for blob in blobs.iter_stored(first[:2])] == [first]


def test_deleting_twice_is_no_error(blobs: BlobStore) -> None:
    blob_id = blobs.put(b"gone soon")
    blobs.delete(blob_id)
    blobs.delete(blob_id)
    assert list(blobs.iter_ids()) == []


def test_a_spool_on_a_full_disk_is_forgotten_all_the_same(tmp_path: Path) -> None:
    """The last piece is still in the buffer, so closing meets the full disk once more."""
    full = tmp_path / "incoming"
    full.symlink_to("/dev/full")
    spool = HashingSpool(lambda: full, lambda path, blob_id: None)
    spool.write(b"photo")
    with pytest.raises(OSError, match="No space left"):
        spool.keep()
    spool.close()
    assert not full.is_symlink()


def test_a_folder_somebody_else_made_is_synced_before_it_is_relied_upon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = FilesystemBlobs(tmp_path)
    (tmp_path / hashlib.sha256(b"photo").hexdigest()[:2]).mkdir()
    synced: list[Path] = []
    monkeypatch.setattr(filesystem, "sync_folder", synced.append)
    blobs.put(b"photo")
    assert tmp_path in synced


def test_a_file_kept_while_another_process_opens_the_store_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FilesystemBlobs(tmp_path)
    monkeypatch.setattr(Path, "iterdir", lambda self: iter([self / "gone"]))
    FilesystemBlobs(tmp_path)
