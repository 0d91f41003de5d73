"""A node whose files are in S3: refused settings stop the start, an outage stops nothing but the uploads it must."""

import logging
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sync_server.app import create_app
from sync_server.cli.options import open_node
from sync_server.node import Node
from sync_server.operator_errors import BlobStoreNotInstalled, BlobStoreRefused, ImpossibleSetting
from sync_server.services import consumers, devices
from sync_server.services.digest_node import digest_node
from sync_server.services.verify_node import verify_node
from sync_server.settings import Settings
from sync_server.store import checkpoints
from tests.protocols.conftest import Tablet, make_submission
from tests.support.postgresql import PostgresqlServer
from tests.support.s3 import SECRET_KEY, S3Server
from tests.support.s3_nodes import s3_settings
from tests.support.samples import publish_visit, send, visit

PHOTO = b"\xff\xd8 a photo " * 50_000
ALWAYS = 1_000


@pytest.fixture
def settings(s3: S3Server, tmp_path: Path) -> Settings:
    return s3_settings(s3, tmp_path / "centre")


def test_photos_go_to_s3_and_come_back_and_none_is_in_the_data_folder(settings: Settings) -> None:
    with Node.open(settings) as node:
        send(node, visit(photo="a.jpg"), [("a.jpg", PHOTO)])
        [blob_id] = node.blobs.iter_ids()
        with node.blobs.open(blob_id) as stream:
            assert stream.read() == PHOTO
    assert not (settings.data / "blobs").exists()


def test_segments_have_a_place_of_their_own_and_are_files_here(s3: S3Server, settings: Settings) -> None:
    with Node.open(settings) as node:
        segment = node.warehouse.files.put(b"rows")
        assert node.warehouse.path(segment).read_bytes() == b"rows"
        assert (list(node.blobs.iter_ids()), list(node.warehouse.files.iter_ids())) == ([], [segment])
    assert any(path.endswith(f"/node/warehouse/{segment[:2]}/{segment}") for _method, path in s3.requests.seen)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"s3_access_key": "AKIASOMEBODYELSE"}, "check s3_access_key"),
        ({"blob_url": "s3://nobodys-bucket/node"}, "no such bucket"),
    ],
)
def test_wrong_credentials_or_bucket_are_said_at_the_start(
    settings: Settings, changes: dict[str, str], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(BlobStoreRefused, match=said) as problem:
        Node.open(replace(settings, **changes))
    assert SECRET_KEY not in problem.value.text + repr(settings) + caplog.text
    assert "Signature" not in caplog.text


def test_without_the_extra_the_start_says_what_to_install(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(BlobStoreNotInstalled, match=r"sync-server\[s3\]"):
        Node.open(settings)


def test_a_photo_waits_on_the_tablet_while_s3_is_away_and_then_comes_in(s3: S3Server, settings: Settings) -> None:
    with Node.open(settings) as node:
        actor, token = devices.add_device(node, None, "tablet", 1)
        tablet = Tablet(create_app(node).test_client(), actor, token, f"/v1/key/{token}/projects/1")
        for method in ("HEAD", "PUT", "GET"):
            s3.fail(method, times=ALWAYS)
        away = tablet.send(make_submission(), ("photo.jpg", PHOTO))
        assert (away.status_code, b"Nothing is lost" in away.data) == (503, True)
        assert list((settings.data / "scratch" / "uploads").iterdir()) == []
        s3.requests.faults.clear()
        assert tablet.send(make_submission(), ("photo.jpg", PHOTO)).status_code == 201
        assert [blob.size for blob in node.blobs.iter_stored()] == [len(PHOTO)]


def test_a_node_starts_and_takes_answers_without_files_while_s3_is_away(s3: S3Server, settings: Settings) -> None:
    for method in ("HEAD", "PUT", "GET"):
        s3.fail(method, times=ALWAYS)
    with Node.open(settings) as node:
        assert send(node, visit()).is_new


def test_the_key_of_the_node_can_be_given_to_a_machine_without_its_folder(settings: Settings, tmp_path: Path) -> None:
    key = "0123456789abcdef" * 4
    with Node.open(replace(settings, node_key=key)) as node:
        assert node.key.hex() == key
    assert not (settings.data / "node.key").exists()
    Node.open(Settings(data=tmp_path / "first")).close()
    with pytest.raises(ImpossibleSetting, match="another"):
        Node.open(Settings(data=tmp_path / "first", node_key=key))


def test_the_warehouse_waits_while_s3_is_away_and_loses_nothing(s3: S3Server, settings: Settings) -> None:
    with Node.open(settings) as node:
        publish_visit(node)
        send(node, visit())
        for method in ("HEAD", "PUT"):
            s3.fail(method, times=ALWAYS)
        assert consumers.catch_up(node, seconds=5) is False
        s3.requests.faults.clear()
        assert consumers.catch_up(node) is True
        with node.database.read() as session:
            assert list(checkpoints.iter_parked(session)) == []
        assert len(list(node.warehouse.files.iter_ids())) == 1


def test_two_machines_serve_one_node_without_a_folder_in_common(
    s3: S3Server, postgresql: PostgresqlServer, tmp_path: Path
) -> None:
    url, bucket, key = postgresql.new_database(), s3.new_bucket(), "89abcdef" * 8
    first, second = (
        s3_settings(s3, tmp_path / name, bucket, database_url=url, node_key=key) for name in ("first", "second")
    )
    with Node.open(first) as here, open_node(second) as there:
        publish_visit(here)
        send(here, visit(photo="a.jpg"), [("a.jpg", PHOTO)])
        consumers.catch_up(here)
        assert (here.id, here.key) == (there.id, there.key)
        assert (list(verify_node(there)), digest_node(there)) == ([], digest_node(here))
        segment = next(there.warehouse.files.iter_ids())
        assert there.warehouse.path(segment).is_relative_to(tmp_path / "second")
