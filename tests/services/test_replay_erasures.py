"""A back-up made before an erasure does not bring back what was erased; one made after it never had it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync_server.core.ids import sha256_hex
from sync_server.core.person_identity import PHONE
from sync_server.node import Node
from sync_server.operator_errors import JournalDamaged
from sync_server.services.backup import back_up
from sync_server.services.digest_node import digest_node
from sync_server.services.erase_person import erase_person
from sync_server.services.erase_submissions import erase_submission
from sync_server.services.erasure_journal import NAME
from sync_server.services.list_erasures import get_erasure, list_erasures
from sync_server.services.prove_backup import prove_backup
from sync_server.services.restore import restore
from sync_server.services.verify_node import verify_node
from sync_server.settings import Settings
from tests.support.attendance import OMAR, OMARS_PHONE, SARA, SARAS_PHONE, attendance, publish_attendance, row
from tests.support.backups import PASSPHRASE, SECRET, restored, with_settings
from tests.support.postgresql import PostgresqlServer
from tests.support.samples import send
from tests.support.traces import find_traces

PHOTO = b"her face" * 5000
BOTH = (row(OMAR, OMARS_PHONE), row(SARA, SARAS_PHONE, "s.jpg"))
MARK = "قرية تل اسقف"


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk"


@pytest.fixture
def filled(node: Node, disk: Path) -> Node:
    publish_attendance(node)
    send(node, attendance("meeting", *BOTH), [("s.jpg", PHOTO)])
    send(node, attendance("village", place=MARK))
    send(node, attendance("other"))
    return with_settings(node, backup_passphrase=PASSPHRASE, backup_folder=disk)


def erase_both(node: Node) -> None:
    erase_submission(node, None, "uuid:village", reason="consent withdrawn")
    assert erase_person(node, None, PHONE, SARAS_PHONE, reason="consent withdrawn")


def new_url(node: Node, request: pytest.FixtureRequest) -> str:
    if node.settings.is_sqlite:
        return ""
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    return server.new_empty_database()


def test_an_older_back_up_is_erased_again_before_anybody_sees_it(
    filled: Node, disk: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    old = back_up(filled, disk)
    erase_both(filled)
    with restored(old.path, tmp_path / "new", new_url(filled, request)) as again:
        assert find_traces(tmp_path / "new", MARK, SARA, SARAS_PHONE, PHOTO.decode()) == []
        assert again.blobs.size(sha256_hex(PHOTO)) is None  # type: ignore[arg-type]
        assert send(again, attendance("village", place=MARK)).is_erased
        assert send(again, attendance("edit", *BOTH, edits="meeting")).is_redacted
        assert list(verify_node(again)) == []
        assert {r.id for r in list_erasures(again, None)} == {r.id for r in list_erasures(filled, None)}


def test_two_nodes_that_applied_the_same_erasures_show_the_same(
    filled: Node, disk: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    old = back_up(filled, disk)
    erase_both(filled)
    with restored(old.path, tmp_path / "new", new_url(filled, request)) as again:
        from sync_server.services import consumers

        consumers.catch_up(again)
        assert digest_node(again) == digest_node(filled)


def test_an_older_back_up_is_proven_and_one_made_after_has_nothing_of_it(
    filled: Node, disk: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    old = back_up(filled, disk)
    erase_both(filled)
    assert prove_backup(filled, old.path).faults == ()
    new = back_up(filled, disk, now=datetime.now(UTC) + timedelta(seconds=5))
    (new.path.parent / NAME).unlink()
    with restored(new.path, tmp_path / "new", new_url(filled, request)) as again:
        assert find_traces(tmp_path / "new", MARK, SARA, PHOTO.decode()) == []
        assert list(verify_node(again)) == []


def test_the_journal_of_the_data_folder_does_when_the_disk_was_away(
    filled: Node, disk: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    old = back_up(filled, disk)
    erase_both(with_settings(filled, backup_folder=None))
    assert not (old.path.parent / NAME).exists()
    settings = Settings(data=tmp_path / "new", database_url=new_url(filled, request), min_free_bytes=0)
    done = restore(old.path, settings, SECRET, erasures=[filled.settings.data / NAME])
    assert done.erased_again == 2
    assert find_traces(tmp_path / "new", MARK, SARA) == []


def test_a_journal_has_no_content_and_a_damaged_one_stops_the_restore(filled: Node, disk: Path, tmp_path: Path) -> None:
    old = back_up(filled, disk)
    erase_both(filled)
    journal = old.path.parent / NAME
    text = journal.read_text("utf-8")
    assert not any(mark in text for mark in (MARK, SARA, "7701234567"))
    assert [json.loads(line)["kind"] for line in text.splitlines()] == ["erasure", "erasure"]
    journal.write_text(text[:-20], "utf-8")
    with pytest.raises(JournalDamaged):
        restore(old.path, Settings(data=tmp_path / "new"), SECRET)
    assert not (tmp_path / "new").exists()


def test_a_receipt_says_which_back_ups_still_hold_it(filled: Node, disk: Path) -> None:
    made = back_up(filled, disk, now=datetime.now(UTC) - timedelta(hours=1))
    id = erase_submission(filled, None, "uuid:village", reason="consent withdrawn")
    receipt = get_erasure(filled, None, id)
    assert (receipt.backups, receipt.held_until) == (1, made.header.expires_at)
