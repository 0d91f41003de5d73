"""A back-up holds all of a node, sealed and once; what comes out of it equals what went in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync_server.core.key_slot import public_key_of
from sync_server.node import Node
from sync_server.operator_errors import BackupFolderMissing, BackupNotSealed, WrongBackupSecret
from sync_server.services import consumers
from sync_server.services.backup import back_up, back_up_when_due
from sync_server.services.backup_keys import Secret
from sync_server.services.digest_node import digest_node
from sync_server.services.prove_backup import prove_backup
from sync_server.services.verify_node import verify_node
from sync_server.store import changes
from tests.support.backups import PASSPHRASE, contents, restored, with_settings
from tests.support.postgresql import PostgresqlServer
from tests.support.samples import publish_visit, send, visit

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


@pytest.fixture
def new_url(node: Node, request: pytest.FixtureRequest) -> Callable[[], str]:
    """Addresses of empty databases of the node's kind."""
    if node.settings.is_sqlite:
        return lambda: ""
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    return lambda: server.new_empty_database()


@pytest.fixture
def filled(node: Node) -> Node:
    publish_visit(node)
    for n in range(30):
        send(node, visit(str(n), photo="a.jpg"), [("a.jpg", b"photo of Bartella %d" % n * 9000)])
    consumers.catch_up(node)
    return with_settings(node, backup_passphrase=PASSPHRASE)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    folder = tmp_path / "disk"
    folder.mkdir()
    return folder


def epoch_of(node: Node) -> str:
    with node.database.read() as session:
        return changes.epoch(session)


def test_a_node_comes_back_elsewhere_as_it_was(
    filled: Node, disk: Path, tmp_path: Path, new_url: Callable[[], str]
) -> None:
    made = back_up(filled, disk)
    with restored(made.path, tmp_path / "new", new_url()) as again:
        assert digest_node(again) == digest_node(filled)
        assert list(verify_node(again)) == []
        assert (again.id, again.key) == (filled.id, filled.key)
        assert epoch_of(again) != epoch_of(filled)
        consumers.catch_up(again)
        assert digest_node(again) == digest_node(filled)


def test_it_is_proven_by_restoring_it_beside(filled: Node, disk: Path) -> None:
    made = back_up(filled, disk)
    before = digest_node(filled)
    send(filled, visit("later"))
    proof = prove_backup(filled, made.path)
    assert proof.faults == ()
    assert proof.digests == before != digest_node(filled)
    assert not list(filled.scratch.glob("backup-*"))


def test_nothing_readable_is_on_the_disk(filled: Node, disk: Path) -> None:
    back_up(filled, disk)
    everything = b"".join(contents(disk).values())
    assert b"Bartella" not in everything
    assert filled.key.hex().encode() not in everything
    assert not any("Bartella" in name for name in contents(disk))


def test_what_is_there_already_is_not_written_again(filled: Node, disk: Path) -> None:
    first = back_up(filled, disk, now=NOW)
    before = contents(disk)
    send(filled, visit("later", photo="b.jpg"), [("b.jpg", b"another photo" * 9000)])
    second = back_up(filled, disk, now=NOW + timedelta(days=1))
    after = contents(disk)
    assert before.items() <= after.items()
    assert second.known >= 30
    assert second.written < first.written


def test_without_a_secret_nothing_is_written(node: Node, disk: Path) -> None:
    with pytest.raises(BackupNotSealed):
        back_up(node, disk)
    assert contents(disk) == {}


def test_only_the_private_key_opens_what_was_made_to_its_public_key(
    filled: Node, disk: Path, tmp_path: Path, new_url: Callable[[], str]
) -> None:
    private_key = b"k" * 32
    node = with_settings(filled, backup_passphrase="", backup_public_key=public_key_of(private_key).hex())
    back_up(node, disk, now=NOW)
    second = back_up(node, disk, now=NOW + timedelta(hours=1))
    assert second.known >= 30
    assert prove_backup(node, second.path).faults == ()
    for wrong in (Secret(PASSPHRASE), Secret(private_key=b"w" * 32)):
        with pytest.raises(WrongBackupSecret), restored(second.path, tmp_path / "new", new_url(), wrong):
            pass
    with restored(second.path, tmp_path / "new", new_url(), Secret(private_key=private_key)) as again:
        assert digest_node(again) == digest_node(filled)


def test_a_new_passphrase_begins_anew_and_the_old_one_opens_the_old(
    filled: Node, disk: Path, tmp_path: Path, new_url: Callable[[], str]
) -> None:
    old = back_up(filled, disk, now=NOW)
    new = back_up(with_settings(filled, backup_passphrase="another"), disk, now=NOW + timedelta(days=1))
    assert new.known == 0
    with pytest.raises(WrongBackupSecret), restored(new.path, tmp_path / "new", new_url()):
        pass
    with restored(old.path, tmp_path / "new", new_url()) as again:
        assert digest_node(again) == digest_node(filled)


def test_a_file_damaged_on_this_disk_is_told_and_not_put_under_its_name(hub: Node, disk: Path) -> None:
    publish_visit(hub)
    send(hub, visit("one", photo="a.jpg"), [("a.jpg", b"photo")])
    (blob,) = hub.blobs.iter_ids()
    (hub.settings.data / "blobs" / blob[:2] / blob).write_bytes(b"rot")
    made = back_up(with_settings(hub, backup_passphrase=PASSPHRASE), disk)
    assert made.damaged == [blob]


def test_a_schedule_waits_for_its_disk_and_its_hour(hub: Node, tmp_path: Path) -> None:
    folder = tmp_path / "usb"
    node = with_settings(hub, backup_passphrase=PASSPHRASE, backup_folder=folder, backup_hours=24)
    assert back_up_when_due(node) is None
    with pytest.raises(BackupFolderMissing):
        back_up(node, folder)
    folder.mkdir()
    assert back_up_when_due(node) is not None
    assert back_up_when_due(node) is None
    assert back_up_when_due(with_settings(node, backup_hours=0)) is not None


def test_a_server_that_is_stopping_breaks_its_back_up_off(hub: Node, disk: Path) -> None:
    node = with_settings(hub, backup_passphrase=PASSPHRASE, backup_folder=disk)
    assert back_up_when_due(node, should_stop=lambda: True) is None
    assert not list(disk.rglob("*.backup"))
