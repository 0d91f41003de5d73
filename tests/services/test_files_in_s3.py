"""Verify, back-up, restore, proof and doctor of a node whose files are in S3."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync_server.core.ids import BlobId
from sync_server.errors import BlobStoreAway
from sync_server.node import Node
from sync_server.services.backup import back_up
from sync_server.services.digest_node import digest_node
from sync_server.services.doctor import bucket, files
from sync_server.services.doctor.finding import Finding, Verdict
from sync_server.services.doctor.scene import arrive
from sync_server.services.prove_backup import prove_backup
from sync_server.services.restore import restore
from sync_server.services.verify_node import verify_node
from tests.support.backups import PASSPHRASE, SECRET, restored, with_settings
from tests.support.s3 import S3Server
from tests.support.s3_nodes import s3_settings
from tests.support.samples import publish_visit, send, visit

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
PHOTOS = 8
ALWAYS = 1_000


@pytest.fixture
def centre(s3: S3Server, tmp_path: Path) -> Iterator[Node]:
    with Node.open(s3_settings(s3, tmp_path / "centre")) as node:
        publish_visit(node)
        for n in range(PHOTOS):
            send(node, visit(str(n), photo="a.jpg"), [("a.jpg", b"photo %d" % n * 50_000)])
        yield with_settings(node, backup_passphrase=PASSPHRASE)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk"


def _first(node: Node) -> BlobId:
    return next(node.blobs.iter_ids())


def _look(node: Node) -> list[Finding]:
    with arrive(node.settings, datetime.now(UTC)) as scene:
        return list(bucket.check_bucket(scene))


def test_verify_reads_every_file_and_names_what_is_missing_or_damaged(s3: S3Server, centre: Node) -> None:
    assert list(verify_node(centre)) == []
    missing, damaged = list(centre.blobs.iter_ids())[:2]
    centre.blobs.delete(missing)
    name = centre.settings.blob_url.removeprefix("s3://").split("/")[0]
    s3.client().put_object(Bucket=name, Key=f"node/{damaged[:2]}/{damaged}", Body=b"something else")
    faults = " ".join(verify_node(centre))
    assert f"is missing ({missing})" in faults
    assert f"is damaged ({damaged})" in faults


def test_verify_does_not_call_files_missing_while_s3_is_away(s3: S3Server, centre: Node) -> None:
    s3.fail("GET", times=ALWAYS)
    with pytest.raises(BlobStoreAway):
        list(verify_node(centre))


def test_a_back_up_takes_the_files_along_and_proves_itself_without_touching_the_bucket(
    s3: S3Server, centre: Node, disk: Path
) -> None:
    made = back_up(centre, disk)
    s3.requests.seen.clear()
    assert prove_backup(centre, made.path).faults == ()
    assert s3.requests.seen == []


def test_a_second_back_up_asks_for_no_file_again(s3: S3Server, centre: Node, disk: Path) -> None:
    back_up(centre, disk, now=NOW)
    s3.requests.seen.clear()
    back_up(centre, disk, now=NOW + timedelta(days=1))
    assert len(s3.requests.seen) == 1  # the listing


def test_a_node_is_restored_into_a_folder_or_into_another_bucket(
    s3: S3Server, centre: Node, disk: Path, tmp_path: Path
) -> None:
    made = back_up(centre, disk)
    with restored(made.path, tmp_path / "hub") as hub:
        assert (list(verify_node(hub)), digest_node(hub)) == ([], digest_node(centre))
    settings = s3_settings(s3, tmp_path / "new")
    restore(made.path, settings, SECRET)
    assert not (settings.data / "blobs").exists()
    with Node.open(settings) as new:
        assert (list(verify_node(new)), digest_node(new)) == ([], digest_node(centre))


def test_a_hub_moves_its_files_to_s3_by_way_of_a_back_up(s3: S3Server, hub: Node, disk: Path, tmp_path: Path) -> None:
    publish_visit(hub)
    send(hub, visit(photo="a.jpg"), [("a.jpg", b"photo" * 100_000)])
    made = back_up(with_settings(hub, backup_passphrase=PASSPHRASE), disk)
    settings = s3_settings(s3, tmp_path / "centre")
    restore(made.path, settings, SECRET)
    with Node.open(settings) as centre:
        assert list(verify_node(centre)) == []
        assert [blob.size for blob in centre.blobs.iter_stored()] == [500_000]


def test_restoring_puts_back_what_the_bucket_lacks_and_sends_nothing_else(
    s3: S3Server, centre: Node, disk: Path, tmp_path: Path
) -> None:
    made = back_up(centre, disk)
    lost = _first(centre)
    centre.blobs.delete(lost)
    s3.requests.seen.clear()
    restore(made.path, replace(centre.settings, data=tmp_path / "beside"), SECRET)
    assert [path for method, path in s3.requests.seen if method == "PUT"] == [
        f"{centre.settings.blob_url.removeprefix('s3:/')}/{lost[:2]}/{lost}"
    ]
    assert list(verify_node(centre)) == []


def test_a_restore_while_s3_is_away_leaves_nothing_behind(
    s3: S3Server, centre: Node, disk: Path, tmp_path: Path
) -> None:
    made = back_up(centre, disk)
    settings = s3_settings(s3, tmp_path / "new")
    s3.fail("HEAD", times=ALWAYS)
    with pytest.raises(BlobStoreAway):
        restore(made.path, settings, SECRET)
    assert not (tmp_path / "new").exists()


def test_doctor_finds_the_store_well(centre: Node) -> None:
    assert [(found.verdict, found.found.split(" (")[0]) for found in _look(centre)] == [
        (Verdict.FINE, f"{centre.settings.blob_url} answers, and takes and gives files."),
        (Verdict.FINE, f"{PHOTOS} files"),
    ]


def test_doctor_counts_what_is_missing_and_changes_nothing(s3: S3Server, centre: Node) -> None:
    centre.blobs.delete(_first(centre))
    before = list(centre.blobs.iter_stored())
    assert [found.verdict for found in _look(centre)] == [Verdict.FINE, Verdict.ACT]
    assert list(centre.blobs.iter_stored()) == before
    bucket_name = centre.settings.blob_url.removeprefix("s3://").split("/")[0]
    assert "Uploads" not in s3.client().list_multipart_uploads(Bucket=bucket_name)


def test_doctor_lists_a_sample_of_very_many(s3: S3Server, centre: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket, "COMPARE_ALL", -1)
    s3.requests.seen.clear()
    found = _look(centre)[1]
    in_sample = sum(blob_id[:2] in files.SHARDS[:: files.STEP] for blob_id in centre.blobs.iter_ids())
    assert found.found.startswith(f"{in_sample * files.STEP} file")


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        ("403 No", "AccessDenied", "the rights"),
        ("403 No", "RequestTimeTooSkewed", "clock"),
        ("503 No", "Slow", "answer"),
    ],
)
def test_doctor_says_why_the_store_cannot_be_used(
    s3: S3Server, centre: Node, status: str, code: str, said: str
) -> None:
    s3.fail("POST", status=status, code=code, times=ALWAYS)
    [found] = _look(centre)
    assert (found.verdict, said in found.found) == (Verdict.ACT, True)
