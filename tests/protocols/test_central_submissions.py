"""Administrators download a form's submissions from the addresses and in the shape of ODK Central."""

from io import BytesIO
from zipfile import ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sync_server.node import Node
from sync_server.services import sign_in
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


def leftovers(hub: Node) -> list[str]:
    return [path.name for path in (hub.settings.data / "exports").iterdir()]


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
    assert leftovers(hub) == []


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


def test_broken_download_goes_on_where_it_stopped(client: FlaskClient, as_alice: dict[str, str]) -> None:
    with client.get(ZIP, headers=as_alice) as whole:
        content, tag = whole.data, whole.headers["ETag"]
    with client.get(ZIP, headers={**as_alice, "Range": "bytes=100-", "If-Range": tag}) as rest:
        assert rest.status_code == 206
        assert rest.data == content[100:]


def test_range_beyond_the_end_is_a_problem_and_leaves_nothing(
    hub: Node, client: FlaskClient, as_alice: dict[str, str]
) -> None:
    assert client.get(ZIP, headers={**as_alice, "Range": "bytes=99999999-"}).status_code == 400
    assert leftovers(hub) == []


@pytest.mark.parametrize("option", ["$filter=x eq 1", "splitSelectMultiples=true", "groupPaths=false"])
def test_options_that_would_change_the_content_are_refused_by_name(
    client: FlaskClient, as_alice: dict[str, str], option: str
) -> None:
    response = client.get(f"{ZIP}?{option}", headers=as_alice)
    assert (response.status_code, response.json["code"]) == (501, 501.1)
    assert option.split("=")[0] in response.json["message"]


@pytest.mark.parametrize("option", ["splitSelectMultiples=false", "groupPaths=true", "deletedFields=true"])
def test_options_that_are_so_already_are_accepted(client: FlaskClient, as_alice: dict[str, str], option: str) -> None:
    with client.get(f"{CSV}?{option}", headers=as_alice) as response:
        assert response.status_code == 200


def test_unknown_form_is_a_problem(hub: Node, client: FlaskClient, as_alice: dict[str, str]) -> None:
    response = client.get("/v1/projects/1/forms/nothing/submissions.csv.zip", headers=as_alice)
    assert (response.status_code, response.json["code"]) == (404, 404.1)
    assert leftovers(hub) == []


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
