"""Tablets when things change around them: forms close or change, access ends, uploads split, answers are sealed."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.clients.conftest import AddTablet
from tests.clients.office import Office
from tests.clients.sent import assert_holds_exactly, sent_by
from tests.clients.small_forms import album, sealed_visit, visit
from tests.support.server import LiveServer
from tests.support.tablet import Tablet, TabletFailed

PASSWORD = "correct horse battery"
CHUNK_BYTES = 50_000
PHOTO_BYTES = 20_000
MOST_FILES = 101  # of one POST, whatever its size


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One hub for these tests, each with a form of its own; uploads are split early."""
    folder = tmp_path_factory.mktemp("field")
    with LiveServer(folder / "hub", environ={"SYNC_CHUNK_BYTES": str(CHUNK_BYTES)}) as live:
        yield live


def test_closed_form_leaves_the_tablet_and_what_it_still_sends_is_kept(add_tablet: AddTablet, office: Office) -> None:
    office.publish(visit("stays"))
    office.publish(visit("closes"))
    tablet = add_tablet("tablet")
    filled = tablet.fill(forms=["closes"])
    office.close_form("closes")
    assert [(event["form_id"], event["hidden"]) for event in tablet.sync().of("form_removed")] == [("closes", True)]
    tablet.send_pending()
    [sent] = sent_by(filled)
    assert sent.key in office.command("quarantine")


def test_tablet_takes_the_new_version_and_still_sends_the_old_one(add_tablet: AddTablet, office: Office) -> None:
    office.publish(visit("changes"))
    tablet = add_tablet("tablet")
    old = tablet.fill(forms=["changes"])
    office.publish(visit("changes", version=2))
    new = tablet.fill(forms=["changes"])
    assert [(event["type"], event["version"]) for event in new.of("download")] == [("UpdatedVersion", "2")]
    tablet.send_pending()
    export = office.export("changes")
    assert sorted(row["FormVersion"] for row in export.rows) == ["1", "2"]
    assert_holds_exactly(export, sent_by(old, new))


def test_revoked_tablet_gets_nothing_and_what_it_still_sends_is_kept(add_tablet: AddTablet, office: Office) -> None:
    office.publish(visit("late"))
    tablet = add_tablet("tablet")
    filled = tablet.fill(forms=["late"])
    office.revoke(tablet.base_url)
    with pytest.raises(TabletFailed) as refused:
        tablet.sync()
    assert dict(refused.value.events.fetched()).popitem()[1] == 403  # 401 would ask for a password
    assert tablet.send_pending().of("submission")[0]["codes"][-1] in (201, 202)
    [sent] = sent_by(filled)
    assert sent.key in office.command("quarantine")


def test_tablet_signs_in_by_digest_and_edits_what_it_edited(office: Office, server: LiveServer, tmp_path: Path) -> None:
    office.publish(visit("edited"))
    office.command("user", "add", "bob@example.org", "--digest", "--password-stdin", stdin=f"{PASSWORD}\n")
    office.command("user", "role", "grant", "bob@example.org", "formfill", "--project", "1")
    tablet = Tablet(tmp_path / "tablet", server.url, user="bob@example.org", password=PASSWORD)
    run = tablet.fill_and_send(forms=["edited"], edits=3)
    assert [event["authorization"] for event in run.of("http")] == [""] + ["Digest"] * (len(run.of("http")) - 1)
    [sent] = sent_by(run)
    assert sent.edits == 3
    assert_holds_exactly(office.export("edited"), [sent])


@pytest.mark.parametrize(
    ("photos", "photo_bytes", "posts"), [(6, PHOTO_BYTES, [2, 2, 2]), (MOST_FILES + 9, 100, [MOST_FILES, 9])]
)
def test_album_arrives_in_parts_and_is_one(
    add_tablet: AddTablet, office: Office, tmp_path: Path, photos: int, photo_bytes: int, posts: list[int]
) -> None:
    form_id = f"album_of_{photos}"
    office.publish(album(form_id))
    answers = tmp_path / "answers.json"
    names = {f"/data/page[{i}]/photo": {"name": f"{i:03}.jpg", "bytes": photo_bytes} for i in range(1, photos + 1)}
    answers.write_text(json.dumps({form_id: {"/data/page": photos, **names}}))
    run = add_tablet("tablet").fill_and_send(forms=[form_id], answers=answers, lose_response=True)
    assert [post["files"] for post in run.of("submission")[-1]["posts"]] == posts
    export = office.export(form_id)
    assert len(export.media) == photos
    assert_holds_exactly(export, sent_by(run))


def test_sealed_submission_is_carried_unread(add_tablet: AddTablet, office: Office) -> None:
    public = rsa.generate_private_key(65537, 2048).public_key()
    key = base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    office.publish(sealed_visit("sealed", key))
    run = add_tablet("tablet").fill_and_send(forms=["sealed"], resend=True)
    [row] = office.export("sealed").rows
    assert (row["KEY"], row["Status"], row["place"]) == (sent_by(run)[0].key, "not decrypted", "")
