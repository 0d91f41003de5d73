"""Administrators download a form's submissions from the addresses and in the shape of ODK Central."""

import csv
import hashlib
import shutil
from base64 import b64encode
from io import BytesIO, StringIO
from zipfile import ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sync_server.node import Node
from sync_server.services import sign_in
from sync_server.services.review_submission import review_submission
from sync_server.store import nodes
from sync_server.store.accounts import Actor
from tests.protocols.conftest import PASSWORD, Tablet
from tests.support.samples import publish, send, submission

ZIP = "/v1/projects/1/forms/visit/submissions.csv.zip"
CSV = "/v1/projects/1/forms/visit/submissions.csv"


@pytest.fixture
def as_alice(hub: Node, alice: Actor) -> dict[str, str]:
    return {"Authorization": f"Bearer {sign_in.create_session(hub, 'alice@example.org', PASSWORD).token}"}


@pytest.fixture(autouse=True)
def _visits(hub: Node) -> None:
    publish(hub)
    send(hub, submission("uuid:1", "<place>أربيل</place><photo>p.jpg</photo>"), files={"p.jpg": b"photo"})
    send(hub, submission("uuid:2", "<place>=1+1</place>"), is_revoked=True)


def files(response: TestResponse) -> dict[str, bytes]:
    with ZipFile(BytesIO(response.data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def kept(hub: Node) -> list[str]:
    return sorted(path.name for path in (hub.settings.data / "exports").glob("*"))


def scratch(hub: Node) -> list[str]:
    return [path.name for path in hub.scratch.glob("export-*")]


@pytest.mark.parametrize("method", ["get", "post"])
def test_zip_has_tables_media_and_notes(hub: Node, client: FlaskClient, as_alice: dict[str, str], method: str) -> None:
    with getattr(client, method)(ZIP, headers=as_alice) as response:
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "application/zip"
        assert (
            response.headers["Content-Disposition"] == "attachment; filename=\"visit.zip\"; filename*=UTF-8''visit.zip"
        )
        assert int(response.headers["Content-Length"]) == len(response.data)
        found = files(response)
    assert set(found) == {"visit.csv", "visit-who.csv", "media/p.jpg", "_notes.txt"}
    assert "أربيل".encode() in found["visit.csv"]
    assert scratch(hub) == []


def test_attachments_false_leaves_the_media_out(client: FlaskClient, as_alice: dict[str, str]) -> None:
    with client.get(f"{ZIP}?attachments=false", headers=as_alice) as response:
        assert set(files(response)) == {"visit.csv", "visit-who.csv", "_notes.txt"}
        assert 'filename="visit.csv.zip"' in response.headers["Content-Disposition"]


def test_root_table_is_plain_csv_and_says_what_it_lacks(client: FlaskClient, as_alice: dict[str, str]) -> None:
    with client.get(CSV, headers=as_alice) as response:
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert [line.split(",")[1] for line in response.text.splitlines()] == ["place", "أربيل"]
        assert response.headers["X-Left-Out"].startswith("1 submission(s) came from a tablet")


def test_unchanged_submissions_are_not_sent_again(hub: Node, client: FlaskClient, as_alice: dict[str, str]) -> None:
    with client.get(ZIP, headers=as_alice) as first:
        tag = first.headers["ETag"]
        assert "Last-Modified" not in first.headers
    assert client.get(ZIP, headers={**as_alice, "If-None-Match": tag}).status_code == 304
    send(hub, submission("uuid:3"))
    with client.get(ZIP, headers={**as_alice, "If-None-Match": tag}) as again:
        assert again.status_code == 200
        assert again.headers["ETag"] != tag


@pytest.mark.parametrize("address", [ZIP, CSV])
def test_broken_download_goes_on_with_the_same_bytes_whatever_came_meanwhile(
    hub: Node, client: FlaskClient, as_alice: dict[str, str], address: str
) -> None:
    with client.get(address, headers=as_alice) as whole:
        content, tag, digest = whole.data, whole.headers["ETag"], whole.headers["Repr-Digest"]
    assert digest == f"sha-256=:{b64encode(hashlib.sha256(content).digest()).decode()}:"
    send(hub, submission("uuid:3", "<place>later</place>"))
    with client.get(address, headers=as_alice) as newer:
        assert (newer.headers["ETag"] != tag, newer.data != content) == (True, True)
    for condition in ("If-Range", "If-Match"):
        with client.get(address, headers={**as_alice, "Range": "bytes=100-", condition: tag}) as rest:
            assert rest.status_code == 206
            assert rest.data == content[100:]
            assert (rest.headers["ETag"], rest.headers["Repr-Digest"]) == (tag, digest)


def test_broken_download_that_is_not_kept_begins_anew(hub: Node, client: FlaskClient, as_alice: dict[str, str]) -> None:
    with client.get(ZIP, headers=as_alice) as whole:
        tag = whole.headers["ETag"]
    shutil.rmtree(hub.settings.data / "exports")
    send(hub, submission("uuid:3"))
    with client.get(ZIP, headers={**as_alice, "Range": "bytes=100-", "If-Range": tag}) as again:
        assert (again.status_code, again.headers["ETag"] != tag) == (200, True)
        assert set(files(again)) >= {"visit.csv", "media/p.jpg"}
    assert client.get(ZIP, headers={**as_alice, "Range": "bytes=100-", "If-Match": tag}).status_code == 412


def test_tag_of_another_export_gives_nothing_of_it(hub: Node, client: FlaskClient, as_alice: dict[str, str]) -> None:
    with client.get(ZIP, headers=as_alice) as whole:
        tag = whole.headers["ETag"]
    with client.get(CSV, headers={**as_alice, "Range": "bytes=0-3", "If-Range": tag}) as other:
        assert (other.status_code, other.headers["ETag"] != tag) == (200, True)
        assert other.data.startswith(b"SubmissionDate,")


@pytest.mark.parametrize("tag", ['"../../node.key"', '"x"', "W/", "yesterday"])
def test_tags_anybody_can_write_do_no_harm(client: FlaskClient, as_alice: dict[str, str], tag: str) -> None:
    with client.get(ZIP, headers={**as_alice, "Range": "bytes=0-3", "If-Range": tag}) as response:
        assert response.status_code == 200


def test_kept_download_is_sent_without_being_made_again(
    hub: Node, client: FlaskClient, as_alice: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with client.get(ZIP, headers=as_alice) as first:
        content = first.data
    monkeypatch.delattr("sync_server.services.download_export.write_export")
    with client.get(ZIP, headers=as_alice) as again:
        assert again.data == content
    assert len(kept(hub)) == 1


def test_head_says_length_and_checksum_without_the_bytes(client: FlaskClient, as_alice: dict[str, str]) -> None:
    with client.head(ZIP, headers=as_alice) as head, client.get(ZIP, headers=as_alice) as whole:
        assert (head.status_code, head.data) == (200, b"")
        for name in ("ETag", "Content-Length", "Repr-Digest", "X-Left-Out", "Accept-Ranges", "Content-Disposition"):
            assert head.headers[name] == whole.headers[name]


def test_restored_back_up_is_not_taken_for_what_a_client_has(
    hub: Node, client: FlaskClient, as_alice: dict[str, str]
) -> None:
    """A new epoch of the feed has the same numbers for other submissions."""
    with client.get(ZIP, headers=as_alice) as first:
        tag = first.headers["ETag"]
    hub.write(lambda session: nodes.start_epoch(session, new_id=lambda: "restored"))
    with client.get(ZIP, headers={**as_alice, "If-None-Match": tag}) as again:
        assert (again.status_code, again.headers["ETag"] != tag) == (200, True)


def test_client_that_has_all_bytes_already_is_told_so(client: FlaskClient, as_alice: dict[str, str]) -> None:
    with client.get(ZIP, headers=as_alice) as whole:
        length = len(whole.data)
    beyond = client.get(ZIP, headers={**as_alice, "Range": f"bytes={length}-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{length}")


def header(response: TestResponse) -> list[str]:
    assert response.status_code == 200, response.text
    return response.text.splitlines()[0].split(",")


def test_switches_are_those_of_central(hub: Node, client: FlaskClient, as_alice: dict[str, str]) -> None:
    publish(hub, "2", {"/g/name": "string", "/h/name": "string", "/place": "string"})
    with client.get(f"{CSV}?groupPaths=false&deletedFields=false", headers=as_alice) as response:
        assert header(response)[1:4] == ["name", "name~2", "place"]
    with client.get(f"{CSV}?groupPaths=true&deletedFields=true", headers=as_alice) as response:
        assert {"g-name", "h-name", "photo", "place"} < set(header(response))
    with client.get(f"{CSV}?splitSelectMultiples=false", headers=as_alice) as response:
        assert {"g-name", "h-name", "photo", "place"} < set(header(response))


def test_select_multiples_are_split(hub: Node, client: FlaskClient, as_alice: dict[str, str]) -> None:
    choices = "".join(f"<item><label>{name}</label><value>{name}</value></item>" for name in ("food", "water"))
    publish(hub, "3", {"/needs": "string"}, body=f'<select ref="/data/needs"><label>Needs</label>{choices}</select>')
    send(hub, submission("uuid:4", "<needs>water oil</needs>", version="3"), minutes=9)
    with client.get(f"{CSV}?splitSelectMultiples=true&deletedFields=false", headers=as_alice) as response:
        assert header(response)[1:5] == ["needs", "needs/food", "needs/water", "needs/oil"]
        assert [line.split(",")[1:5] for line in response.text.splitlines()[1:]] == [
            ["water oil", "0", "1", "1"],
            ["", "", "", ""],
        ]


@pytest.mark.parametrize(
    "condition, keys",
    [
        ("__system/submissionDate lt 2026-11-22T09:01:00Z", ["uuid:1"]),
        ("year(__system/submissionDate) lt 2020", []),
        ("__system/reviewState eq 'approved'", ["uuid:5"]),
        ("not (__system/reviewState eq 'approved')", ["uuid:1"]),
    ],
)
def test_filter_lets_some_submissions_through(
    hub: Node, client: FlaskClient, as_alice: dict[str, str], condition: str, keys: list[str]
) -> None:
    send(hub, submission("uuid:5", "<place>Duhok</place>"), minutes=30)
    review_submission(hub, None, "uuid:5", "approved", reason="seen")
    for address in (ZIP, CSV):
        with client.get(address, query_string={"$filter": condition}, headers=as_alice) as response:
            assert response.status_code == 200, response.text
            text = response.text if address == CSV else files(response)["visit.csv"].decode()
            assert [row["KEY"] for row in csv.DictReader(StringIO(text))] == keys
            assert response.headers["X-Left-Out"].startswith("Submissions that a filter")


@pytest.mark.parametrize("condition", ["__system/mood eq 1", "place eq", "geo.distance(a, b) lt 3"])
def test_filter_that_cannot_be_is_refused(
    hub: Node, client: FlaskClient, as_alice: dict[str, str], condition: str
) -> None:
    response = client.get(ZIP, query_string={"$filter": condition}, headers=as_alice)
    assert response.status_code in (400, 501)
    assert kept(hub) == scratch(hub) == []


def test_unknown_form_is_a_problem(hub: Node, client: FlaskClient, as_alice: dict[str, str]) -> None:
    response = client.get("/v1/projects/1/forms/nothing/submissions.csv.zip", headers=as_alice)
    assert (response.status_code, response.json["code"]) == (404, 404.1)
    assert kept(hub) == []


def test_strangers_coordinators_and_tablets_get_nothing(
    hub: Node, client: FlaskClient, bob: Actor, tablet: Tablet
) -> None:
    token = sign_in.create_session(hub, "bob@example.org", PASSWORD).token
    for address in (ZIP, CSV):
        assert client.get(address).status_code == 401
        assert client.get(address, headers={"Authorization": f"Bearer {token}"}).status_code == 403
        assert client.get(address, headers={"Authorization": f"Bearer {tablet.token}"}).status_code == 403


def test_form_with_another_alphabet_has_a_name_for_every_client(
    hub: Node, app: Flask, as_alice: dict[str, str]
) -> None:
    publish(hub, form_id="زيارة")
    with app.test_client().get("/v1/projects/1/forms/زيارة/submissions.csv", headers=as_alice) as response:
        assert response.headers["Content-Disposition"].startswith('attachment; filename="_____.csv"; filename*=UTF-8')
