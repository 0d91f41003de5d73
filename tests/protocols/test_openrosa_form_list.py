"""A tablet finds its forms: list, XML, manifest, media."""

import hashlib
import sqlite3
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from lxml import etree
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from sync_server.app import create_app
from sync_server.node import Node
from sync_server.services import devices
from sync_server.store import forms
from sync_server.store.engine import Database
from sync_server.store.writer import Writer
from tests.protocols.conftest import Publish, Tablet, make_form, make_submission, put_media

LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"


def entries(response: TestResponse) -> list[dict[str, str]]:
    assert response.status_code == 200
    assert "text/xml" in response.content_type
    root = etree.fromstring(response.data)
    assert root.tag in (LIST + "xforms", MANIFEST + "manifest")
    return [{etree.QName(child).localname: child.text or "" for child in entry} for entry in root]


def test_a_tablet_lists_the_open_forms_of_its_project(tablet: Tablet, publish: Publish) -> None:
    publish("visit", "3", title="زيارة")
    listed = entries(tablet.get("/formList"))
    assert [(f["formID"], f["name"], f["version"]) for f in listed] == [("visit", "زيارة", "3")]
    assert listed[0]["hash"] == "md5:" + hashlib.md5(make_form("visit", "3", "زيارة")).hexdigest()
    assert "manifestUrl" not in listed[0]


def test_the_address_in_the_list_gives_the_very_bytes_the_hash_is_of(tablet: Tablet, publish: Publish) -> None:
    publish("visit", "1")
    form = entries(tablet.get("/formList"))[0]
    publish("visit", "2")
    response = tablet.get(form["downloadUrl"])
    assert response.status_code == 200
    assert "md5:" + hashlib.md5(response.data).hexdigest() == form["hash"]


def test_every_address_keeps_the_tablets_prefix_and_is_absolute(tablet: Tablet, hub: Node, publish: Publish) -> None:
    put_media(hub, publish(), "مدن و قرى.csv", b"name\nx\n")
    form = entries(tablet.get("/formList"))[0]
    media = entries(tablet.get(form["manifestUrl"]))[0]
    for url in (form["downloadUrl"], form["manifestUrl"], media["downloadUrl"]):
        assert url.startswith(f"http://localhost{tablet.base}/")
        assert url.isascii()
        assert " " not in url
    assert tablet.get(media["downloadUrl"]).data == b"name\nx\n"


def test_addresses_are_built_from_the_public_address_of_the_operator(hub: Node, publish: Publish) -> None:
    publish()
    _, token = devices.add_device(hub, None, "tablet", 1)
    node = replace(hub, settings=replace(hub.settings, public_url="https://hub.example.org/sync/"))
    response = create_app(node).test_client().get(f"/v1/key/{token}/projects/1/formList")
    assert entries(response)[0]["downloadUrl"].startswith(f"https://hub.example.org/sync/v1/key/{token}/")


def test_form_id_asks_for_one_form_exactly(tablet: Tablet, publish: Publish) -> None:
    publish("visit")
    publish("visit2")
    response = tablet.client.get(f"{tablet.base}/formList", query_string={"formID": "visit"})
    assert [f["formID"] for f in entries(response)] == ["visit"]
    assert entries(tablet.client.get(f"{tablet.base}/formList?formID=Visit")) == []


@pytest.mark.parametrize("state", ["closing", "closed"])
def test_a_form_that_is_not_open_is_not_listed(tablet: Tablet, hub: Node, publish: Publish, state: str) -> None:
    publish()
    hub.write(lambda session: forms.set_state(session, 1, "visit", state))
    assert entries(tablet.get("/formList")) == []


def test_unknown_parameters_are_ignored(tablet: Tablet, publish: Publish) -> None:
    publish()
    assert len(entries(tablet.client.get(f"{tablet.base}/formList?deviceID=x&verbose=true&listAllVersions=1&a=b"))) == 1


def test_the_manifest_lists_media_with_the_md5_of_their_bytes_in_a_stable_order(
    tablet: Tablet, hub: Node, publish: Publish
) -> None:
    version_id = publish()
    for name in ("z.csv", "a.png", "last-saved.xml"):
        put_media(hub, version_id, name, name.encode())
    media = entries(tablet.get(entries(tablet.get("/formList"))[0]["manifestUrl"]))
    assert [(m["filename"], m["hash"]) for m in media] == [
        ("a.png", "md5:" + hashlib.md5(b"a.png").hexdigest()),
        ("z.csv", "md5:" + hashlib.md5(b"z.csv").hexdigest()),
    ]


def test_changed_media_change_the_manifest_without_a_new_version(tablet: Tablet, hub: Node, publish: Publish) -> None:
    version_id = publish()
    put_media(hub, version_id, "a.csv", b"old")
    url = entries(tablet.get("/formList"))[0]["manifestUrl"]
    before = entries(tablet.get(url))
    put_media(hub, version_id, "a.csv", b"new")
    assert entries(tablet.get(url))[0]["hash"] != before[0]["hash"]


def test_what_a_tablet_has_is_answered_with_304_and_its_headers(tablet: Tablet, hub: Node, publish: Publish) -> None:
    put_media(hub, publish(), "a.csv", b"a")
    form = entries(tablet.get("/formList"))[0]
    media = entries(tablet.get(form["manifestUrl"]))[0]
    for url in (tablet.base + "/formList", form["downloadUrl"], form["manifestUrl"], media["downloadUrl"]):
        first = tablet.client.get(url, buffered=True)
        assert first.headers["Cache-Control"] == "private, no-cache"
        again = tablet.client.get(url, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["X-OpenRosa-Version"] == "1.0"


def test_a_new_version_changes_the_lists_etag(tablet: Tablet, publish: Publish) -> None:
    publish("visit", "1")
    etag = tablet.get("/formList").headers["ETag"]
    publish("visit", "2")
    assert tablet.client.get(f"{tablet.base}/formList", headers={"If-None-Match": etag}).status_code == 200


def test_centrals_own_names_give_the_current_and_any_version(tablet: Tablet, hub: Node, publish: Publish) -> None:
    put_media(hub, publish("visit", "1"), "a.csv", b"one")
    put_media(hub, publish("visit", "2"), "a.csv", b"two")
    assert tablet.get("/forms/visit/attachments/a.csv").data == b"two"
    assert tablet.get("/forms/visit/versions/1/attachments/a.csv").data == b"one"
    for manifest in ("/forms/visit/versions/1/manifest", "/forms/visit/manifest"):
        assert [media["filename"] for media in entries(tablet.get(manifest))] == ["a.csv"]
    assert tablet.get("/forms/visit.xml").data == make_form("visit", "2")
    assert tablet.get("/forms/visit/versions/1.xml").data == make_form("visit", "1")
    assert tablet.get("/forms/visit/versions/9.xml").status_code == 404


def test_head_is_answered_without_a_body_where_get_is(tablet: Tablet, publish: Publish) -> None:
    publish()
    response = tablet.client.head(f"{tablet.base}/formList")
    assert (response.status_code, response.data) == (200, b"")


def test_another_projects_versions_are_not_there(tablet: Tablet, client: FlaskClient, publish: Publish) -> None:
    publish()
    response = client.get(f"/v1/key/{tablet.token}/projects/2/formList")
    assert response.status_code == 403
    assert tablet.get("/forms/99/form.xml").status_code == 404


def test_a_node_that_cannot_write_still_lists_its_forms(
    tablet: Tablet, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk."""
    publish()

    def full(*_: object) -> None:
        raise OperationalError("", {}, sqlite3.OperationalError("database or disk is full"))

    monkeypatch.setattr(Writer, "run", full)
    assert tablet.get("/formList").status_code == 200


def test_a_database_that_is_away_is_a_reason_to_come_again(tablet: Tablet, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("", {}, sqlite3.OperationalError("connection refused"))

    monkeypatch.setattr(Database, "read", away)
    response = tablet.send(make_submission())
    assert response.status_code == 503
    assert "send it again" in response.text
