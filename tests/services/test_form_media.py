"""Media of forms: which files a version has, and what tablets notice."""

import hashlib
from pathlib import Path

import pytest

from sync_server.errors import MediaNotNamed, NotFound
from sync_server.node import Node
from sync_server.services.form_media import put_media
from sync_server.services.publish_folder import find_missing_media, publish_folder, put_changed_media
from sync_server.services.publish_form import publish_form
from sync_server.store import changes, forms
from sync_server.store.forms import FormAttachment
from tests.support.form_tables import meeting_form


def media(node: Node, version: str = "1") -> list[FormAttachment]:
    with node.database.read() as session:
        found = forms.find_version(session, 1, "meeting", version)
        assert found is not None
        return forms.iter_attachments(session, found.row_id)


def test_a_named_file_is_kept_with_its_hashes(node: Node) -> None:
    publish_form(node, None, meeting_form())
    put_media(node, None, "meeting", "forums.csv", [b"name,", b"label\n"])
    (file,) = media(node)
    assert (file.name, file.size, file.type) == ("forums.csv", 11, "text/csv")
    assert file.md5 == hashlib.md5(b"name,label\n").hexdigest()
    with node.blobs.open(file.sha256) as blob:
        assert blob.read() == b"name,label\n"


def test_a_new_file_takes_the_place_of_the_old_one_and_stands_in_the_feed(node: Node) -> None:
    publish_form(node, None, meeting_form())
    put_media(node, None, "meeting", "forums.csv", [b"old"])
    put_media(node, None, "meeting", "forums.csv", [b"new"])
    assert [file.size for file in media(node)] == [3]
    with node.database.read() as session:
        happened = changes.iter_since(session, 0, limit=9, kinds=("form_attachment",))
    assert [change.version for change in happened][-1] == media(node)[0].sha256
    assert len(happened) == 2


def test_a_file_the_form_does_not_name_is_refused_with_those_it_names(node: Node) -> None:
    publish_form(node, None, meeting_form())
    with pytest.raises(MediaNotNamed, match=r"'forum\.csv'.*forums\.csv"):
        put_media(node, None, "meeting", "forum.csv", [b"x"])


def test_media_of_an_unknown_form_are_not_found(node: Node) -> None:
    with pytest.raises(NotFound):
        put_media(node, None, "meeting", "forums.csv", [b"x"])


def test_a_new_version_takes_over_the_files_it_still_names(node: Node) -> None:
    publish_form(node, None, meeting_form())
    put_media(node, None, "meeting", "forums.csv", [b"list"])
    publish_form(node, None, meeting_form(version="2"))
    assert media(node, "2") == media(node, "1")
    assert len(media(node, "2")) == 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "forms" / "meeting" / "media").mkdir(parents=True)
    (tmp_path / "forms" / "meeting" / "meeting.md").write_bytes(meeting_form())
    (tmp_path / "forms" / "meeting" / "media" / "forums.csv").write_bytes(b"first")
    (tmp_path / "forms" / "meeting" / "media" / "unnamed.csv").write_bytes(b"x")
    (tmp_path / "forms" / "meeting" / "~$meeting.xlsx").write_bytes(b"a lock of Excel")
    return tmp_path / "forms"


def test_a_folder_is_published_with_the_files_its_forms_name(hub: Node, folder: Path) -> None:
    assert [version.form_id for version in publish_folder(hub, folder)] == ["meeting"]
    assert [file.name for file in media(hub)] == ["forums.csv"]


def test_the_second_start_changes_nothing_not_even_a_list_that_was_replaced(hub: Node, folder: Path) -> None:
    publish_folder(hub, folder)
    put_media(hub, None, "meeting", "forums.csv", [b"their own list"])
    assert publish_folder(hub, folder) == []
    assert media(hub)[0].size == len(b"their own list")


def test_a_form_that_cannot_be_published_does_not_keep_the_server_from_starting(
    hub: Node, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish_folder(hub, folder)
    (folder / "meeting" / "meeting.md").write_bytes(meeting_form(rows="| | text | more | More | | low | |\n"))
    (folder / "other.md").write_bytes(meeting_form(form_id="other"))
    assert [version.form_id for version in publish_folder(hub, folder)] == ["other"]
    assert "file=meeting.md" in caplog.text
    assert "Change the version in sheet 'settings' (such as 2)" in caplog.text


def test_a_file_that_came_later_is_added_at_the_next_start(hub: Node, folder: Path) -> None:
    path = folder / "meeting" / "media" / "forums.csv"
    path.unlink()
    (version,) = publish_folder(hub, folder)
    assert find_missing_media(hub, version) == ["forums.csv"]
    path.write_bytes(b"late")
    publish_folder(hub, folder)
    assert find_missing_media(hub, version) == []


def test_publishing_by_hand_brings_changed_files_only(hub: Node, folder: Path) -> None:
    (version,) = publish_folder(hub, folder)
    assert put_changed_media(hub, version, folder / "meeting" / "media") == []
    (folder / "meeting" / "media" / "forums.csv").write_bytes(b"second")
    assert put_changed_media(hub, version, folder / "meeting" / "media") == ["forums.csv"]
