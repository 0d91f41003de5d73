"""Forms in the database: versions never change, the current one is one of them."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import IntegrityError

from sync_server.core.ids import BlobId
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.store import changes, forms
from sync_server.store.forms import FormAttachment, FormVersion, NewFormVersion

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def add(node: Node, version: str, *, form_id: str = "visit", xml: bytes = b"<x/>") -> FormVersion:
    new = NewFormVersion(
        project_id=1,
        form_id=form_id,
        version=version,
        sha256=f"sha-{form_id}-{version}",
        md5="md5",
        title=form_id.title(),
        xml=xml,
        source=b"source",
        source_sha256=f"source-{form_id}-{version}",
        annotations={"/a": {"sensitivity": "high"}},
        warnings=["one"],
        published_at=NOW,
    )
    return node.write(lambda session: forms.add_form_version(session, new))


def attachment(name: str, sha256: str = "1") -> FormAttachment:
    return FormAttachment(name=name, sha256=BlobId(sha256), md5="m", size=1, type="text/csv", updated_at=NOW)


def test_a_version_comes_back_as_it_was_added(node: Node) -> None:
    version = add(node, "1", xml=b"<\xc3\xa9/>\r\n")
    with node.database.read() as session:
        assert forms.find_version(session, 1, "visit", "1") == version
        assert forms.get_xml(session, version.row_id) == b"<\xc3\xa9/>\r\n"
        assert forms.get_source(session, version.row_id) == b"source"
    assert (version.published_at, version.annotations, version.warnings) == (
        NOW,
        {"/a": {"sensitivity": "high"}},
        ["one"],
    )


def test_the_newest_version_is_the_current_one(node: Node) -> None:
    add(node, "2")
    add(node, "1")
    with node.database.read() as session:
        form = forms.get_form(session, 1, "visit")
        assert (form.state, form.current.version) == ("open", "1")
        assert [version.version for version in forms.iter_versions(session, 1, "visit")] == ["1", "2"]


def test_a_version_cannot_be_added_twice(node: Node) -> None:
    add(node, "1")
    with pytest.raises(IntegrityError):
        add(node, "1", xml=b"<other/>")
    with node.database.read() as session:
        assert [change.version for change in changes.iter_since(session, 0, limit=9)] == ["sha-visit-1"]


def test_forms_are_listed_by_id(node: Node) -> None:
    for form_id in ("b", "a", "c"):
        add(node, "1", form_id=form_id)
    with node.database.read() as session:
        assert [form.form_id for form in forms.iter_forms(session, 1)] == ["a", "b", "c"]
        assert forms.iter_forms(session, 2) == []


def test_a_version_is_found_by_its_file(node: Node) -> None:
    version = add(node, "1")
    with node.database.read() as session:
        assert forms.find_version_by_source(session, 1, "source-visit-1") == version
        assert forms.find_version_by_source(session, 1, "other") is None


def test_an_unknown_form_is_not_found(node: Node) -> None:
    with node.database.read() as session:
        assert forms.find_form(session, 1, "visit") is None
        with pytest.raises(NotFound):
            forms.get_form(session, 1, "visit")


def test_the_state_outlives_a_new_version(node: Node) -> None:
    add(node, "1")
    node.write(lambda session: forms.set_state(session, 1, "visit", forms.CLOSED))
    add(node, "2")
    with node.database.read() as session:
        assert forms.get_form(session, 1, "visit").state == "closed"


def test_media_are_listed_by_name_and_replaced_by_name(node: Node) -> None:
    version = add(node, "1")
    for file in (attachment("b.csv"), attachment("a.csv", "1"), attachment("a.csv", "2")):
        node.write(lambda session, file=file: forms.put_attachment(session, version.row_id, file))
    with node.database.read() as session:
        found = forms.iter_attachments(session, version.row_id)
    assert [(file.name, file.sha256) for file in found] == [("a.csv", "2"), ("b.csv", "1")]
