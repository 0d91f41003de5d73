"""Blobs in S3: what is kept is whole, whatever the link, the store or a neighbour does meanwhile."""

import hashlib
import random
from pathlib import Path
from threading import Barrier, Thread

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from sync_server.blobs.s3 import S3Blobs, S3Place
from sync_server.core.ids import BlobId
from sync_server.errors import BlobStoreAway
from tests.support.s3 import SMALLEST_PART, S3Server, open_bucket

PHOTO = random.Random(7).randbytes(700_000)
FILM = random.Random(8).randbytes(2 * SMALLEST_PART + 1)
ALWAYS = 1_000


@pytest.fixture
def bucket(s3: S3Server) -> str:
    return s3.new_bucket()


@pytest.fixture
def blobs(s3: S3Server, bucket: str, tmp_path: Path) -> S3Blobs:
    return open_bucket(s3, tmp_path, bucket)


def _keep(blobs: S3Blobs, content: bytes) -> BlobId:
    spool = blobs.spool()
    spool.write(content)
    try:
        return spool.keep()
    finally:
        spool.close()


def _read(blobs: S3Blobs, blob_id: BlobId) -> bytes:
    with blobs.open(blob_id) as stream:
        return stream.read()


def test_a_large_blob_goes_in_parts_and_comes_back_whole(s3: S3Server, blobs: S3Blobs, tmp_path: Path) -> None:
    blob_id = _keep(blobs, FILM)
    assert s3.count("PUT") == 3
    assert blobs.size(blob_id) == len(FILM)
    assert _read(blobs, blob_id) == FILM
    assert list((tmp_path / "scratch").iterdir()) == []


def test_what_is_there_already_is_not_sent_again(s3: S3Server, blobs: S3Blobs) -> None:
    assert _keep(blobs, PHOTO) == _keep(blobs, PHOTO)
    assert s3.count("PUT") == 1


def test_a_blob_of_which_only_a_piece_is_there_is_sent_again(s3: S3Server, bucket: str, blobs: S3Blobs) -> None:
    blob_id = BlobId(hashlib.sha256(PHOTO).hexdigest())
    s3.client().put_object(Bucket=bucket, Key=f"node/{blob_id[:2]}/{blob_id}", Body=PHOTO[:1000])
    _keep(blobs, PHOTO)
    assert _read(blobs, blob_id) == PHOTO


def test_a_connection_that_breaks_in_the_middle_is_taken_up_again(s3: S3Server, blobs: S3Blobs) -> None:
    blob_id = _keep(blobs, PHOTO)
    s3.cut(after=270_000, times=2)
    assert _read(blobs, blob_id) == PHOTO
    assert s3.count("GET") == 3


def test_a_file_that_never_comes_whole_is_an_error_and_no_short_file(s3: S3Server, blobs: S3Blobs) -> None:
    blob_id = _keep(blobs, PHOTO)
    s3.cut(after=1, times=1)
    s3.cut(after=0, times=ALWAYS)
    with pytest.raises(BlobStoreAway):
        _read(blobs, blob_id)


def test_a_file_erased_while_it_is_read_is_missing_and_not_short(s3: S3Server, blobs: S3Blobs) -> None:
    blob_id = _keep(blobs, PHOTO)
    s3.cut(after=300_000)
    with blobs.open(blob_id) as stream:
        stream.read(10)
        blobs.delete(blob_id)
        with pytest.raises(FileNotFoundError):
            stream.read()


def test_a_reader_may_go_to_any_place(blobs: S3Blobs) -> None:
    blob_id = _keep(blobs, PHOTO)
    with blobs.open(blob_id) as stream:
        assert stream.seek(-10, 2) == len(PHOTO) - 10
        assert stream.read() == PHOTO[-10:]
        stream.seek(500_000)
        assert stream.read(10) == PHOTO[500_000:500_010]
        stream.seek(0)
        assert stream.read() == PHOTO


def test_one_bad_moment_of_the_store_is_not_noticed(s3: S3Server, blobs: S3Blobs) -> None:
    s3.fail("PUT")
    assert _read(blobs, _keep(blobs, PHOTO)) == PHOTO


@pytest.mark.parametrize("content", [PHOTO, FILM], ids=["whole", "in parts"])
def test_a_store_that_is_away_is_said_and_nothing_half_is_left(
    s3: S3Server, bucket: str, blobs: S3Blobs, content: bytes, tmp_path: Path
) -> None:
    s3.fail("PUT", times=ALWAYS)
    with pytest.raises(BlobStoreAway):
        _keep(blobs, content)
    s3.requests.faults.clear()
    assert list(blobs.iter_ids()) == []
    assert "Uploads" not in s3.client().list_multipart_uploads(Bucket=bucket)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_store_away_is_not_taken_for_a_missing_file(s3: S3Server, blobs: S3Blobs) -> None:
    blob_id = _keep(blobs, PHOTO)
    for method in ("GET", "HEAD"):
        s3.fail(method, times=ALWAYS)
    for ask in (blobs.open, blobs.size):
        with pytest.raises(BlobStoreAway):
            ask(blob_id)


@pytest.mark.parametrize("content", [PHOTO, FILM], ids=["whole", "in parts"])
def test_two_writers_of_one_blob_both_succeed(s3: S3Server, bucket: str, tmp_path: Path, content: bytes) -> None:
    together, kept = Barrier(2), []

    def write() -> None:
        blobs = open_bucket(s3, tmp_path, bucket)
        together.wait(timeout=30)
        kept.append(_keep(blobs, content))

    writers = [Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert kept == [hashlib.sha256(content).hexdigest()] * 2
    assert _read(open_bucket(s3, tmp_path, bucket), kept[0]) == content


@pytest.mark.parametrize(("status", "code"), [("412 No", "PreconditionFailed"), ("501 No", "NotImplemented")])
def test_what_a_store_says_to_the_condition_is_no_error(
    s3: S3Server, bucket: str, blobs: S3Blobs, status: str, code: str
) -> None:
    """Written by another in the meantime; or a store that knows no conditions."""
    s3.fail("PUT", status=status, code=code)
    assert blobs.put(PHOTO) == hashlib.sha256(PHOTO).hexdigest()
    assert s3.count("PUT") == (1 if code == "PreconditionFailed" else 2)


def test_deleting_takes_away_what_a_versioned_bucket_would_keep(s3: S3Server, bucket: str, blobs: S3Blobs) -> None:
    client = s3.client()
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    blob_id = blobs.put(PHOTO)
    blobs.delete(blob_id)
    listed = client.list_object_versions(Bucket=bucket)
    assert listed.get("Versions", []) + listed.get("DeleteMarkers", []) == []


def test_a_listing_goes_over_all_pages_and_leaves_out_what_is_no_blob(
    s3: S3Server, bucket: str, blobs: S3Blobs
) -> None:
    store = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    ids = sorted(hashlib.sha256(bytes([n % 256, n // 256])).hexdigest() for n in range(1_100))
    for blob_id in ids:
        store.put_object(bucket, f"node/{blob_id[:2]}/{blob_id}", b"x")
    for other in ("node/ab/notes.txt", f"node/warehouse/{ids[0][:2]}/{ids[0]}", "else/file"):
        store.put_object(bucket, other, b"x")
    assert list(blobs.iter_ids()) == ids
    assert [blob.id for blob in blobs.iter_stored("ab")] == [blob_id for blob_id in ids if blob_id.startswith("ab")]


def test_encryption_is_asked_for(s3: S3Server, bucket: str, tmp_path: Path) -> None:
    blobs = open_bucket(s3, tmp_path, bucket, encryption="aws:kms:key-7")
    for content in (PHOTO, FILM):
        blob_id = _keep(blobs, content)
        head = s3.client().head_object(**S3Place(bucket, "node/").key(blob_id))
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "key-7")
