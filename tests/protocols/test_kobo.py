"""KoBo's addresses, and the plain ones of a hub with one project, lead to the same forms and the same store."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert
from werkzeug.exceptions import HTTPException

from sync_server.node import Node
from sync_server.services import devices
from sync_server.store.accounts import Actor
from sync_server.store.tables import projects
from tests.protocols.conftest import PASSWORD, Publish, Tablet, make_form, make_submission, put_media
from tests.protocols.received import stored
from tests.protocols.test_openrosa_form_list import entries
from tests.protocols.test_openrosa_login import answer
from tests.protocols.test_openrosa_submission import message

SECURE = "https://localhost"
BOB = ("bob@example.org", PASSWORD)


def walk(client: FlaskClient, prefix: str, **options: object) -> list[str]:
    """Fetch list, form, manifest and media; return the addresses met."""
    form = entries(client.get(f"{prefix}/formList", **options))[0]  # type: ignore[arg-type]
    assert client.get(form["downloadUrl"], **options).data == make_form("visit", "1")  # type: ignore[arg-type]
    media = entries(client.get(form["manifestUrl"], **options))[0]  # type: ignore[arg-type]
    assert client.get(media["downloadUrl"], buffered=True, **options).data == b"a,b\n"  # type: ignore[arg-type]
    return [form["downloadUrl"], form["manifestUrl"], media["downloadUrl"]]


@pytest.fixture
def visit(hub: Node, publish: Publish) -> None:
    put_media(hub, publish(), "list.csv", b"a,b\n")


@pytest.mark.usefixtures("visit")
def test_a_collector_token_finds_everything_below_its_own_prefix(tablet: Tablet) -> None:
    prefix = f"/collector/{tablet.token}"
    assert all(url.startswith(f"http://localhost{prefix}/") for url in walk(tablet.client, prefix))


@pytest.mark.usefixtures("visit", "bob")
@pytest.mark.parametrize("prefix", ["", "/bob@example.org", "/bob", "/Bob"])
def test_an_account_finds_everything_below_its_name_or_at_the_root(client: FlaskClient, prefix: str) -> None:
    urls = walk(client, prefix, base_url=SECURE, auth=BOB)
    assert all(url.startswith(f"{SECURE}{prefix}/") for url in urls)


@pytest.mark.parametrize("base", ["/collector/{token}", "/v1/key/{token}/projects/1"])
@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_the_request_before_a_submission_is_204_at_every_door(tablet: Tablet, base: str, method: str) -> None:
    response = tablet.client.open(base.format(token=tablet.token) + "/submission", method=method)
    assert (response.status_code, response.data) == (204, b"")


def test_a_collector_sends(tablet: Tablet, hub: Node) -> None:
    response = tablet.client.post(
        f"/collector/{tablet.token}/submission", data=make_submission(), content_type="text/xml"
    )
    assert response.status_code == 201
    assert stored(hub).receipts[0]["door"] == "kobo"
    assert stored(hub).receipts[0]["actor_id"] == tablet.actor.id


def test_a_revoked_collector_gets_no_forms_but_what_it_sends_is_kept(tablet: Tablet, hub: Node) -> None:
    devices.revoke_device(hub, None, tablet.actor.id)
    prefix = f"/collector/{tablet.token}"
    assert tablet.client.get(f"{prefix}/formList").status_code == 403
    response = tablet.client.post(f"{prefix}/submission", data=make_submission(), content_type="text/xml")
    assert response.status_code == 201
    assert stored(hub).receipts[0]["is_revoked"] is True


def test_collect_with_a_name_and_a_password_sends_to_the_plain_address(
    client: FlaskClient, bob: Actor, hub: Node
) -> None:
    uri = "/submission?deviceID=collect%3Aabc"
    given = client.head(uri).headers["WWW-Authenticate"]
    authorization = answer(given, uri, method="POST")
    response = client.post(
        uri, data=make_submission(), content_type="text/xml", headers={"Authorization": authorization}
    )
    assert response.status_code == 201
    assert stored(hub).receipts[0]["actor_id"] == bob.id


@pytest.mark.parametrize("prefix", ["", "/bob", "/nobody"])
def test_a_stranger_is_asked_to_sign_in_and_never_shown_an_empty_list(client: FlaskClient, prefix: str) -> None:
    response = client.get(f"{prefix}/formList")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Digest ")


def test_an_account_may_not_use_anothers_name(client: FlaskClient, bob: Actor) -> None:
    response = client.get("/alice/formList", base_url=SECURE, auth=BOB)
    assert response.status_code == 403


def test_a_hub_with_two_projects_asks_for_the_whole_address(client: FlaskClient, bob: Actor, hub: Node) -> None:
    hub.write(lambda s: s.execute(insert(projects).values(id=2, uid="two", name="Two")))
    response = client.get("/formList", base_url=SECURE, auth=BOB)
    assert response.status_code == 404
    assert "QR code" in message(response)


def test_a_token_at_the_plain_address_serves_its_own_project(client: FlaskClient, hub: Node, publish: Publish) -> None:
    publish()
    hub.write(lambda s: s.execute(insert(projects).values(id=2, uid="two", name="Two")))
    _, one = devices.add_device(hub, None, "one", 1)
    _, two = devices.add_device(hub, None, "two", 2)
    assert len(entries(client.get(f"/formList?st={one}"))) == 1
    assert entries(client.get(f"/formList?st={two}")) == []
    assert client.get(f"/collector/{two}/forms/1/form.xml").status_code == 404


@pytest.mark.parametrize("path", ["/", "/v1/projects/1/forms", "/v1/users/current", "/static/x", "/v1/submission"])
def test_a_username_swallows_no_other_address(app: Flask, path: str) -> None:
    adapter = app.url_map.bind("localhost")
    try:
        endpoint, _ = adapter.match(path)
    except HTTPException:
        return
    assert not endpoint.startswith("kobo.")
