"""Sessions and app users answer as ODK Central's do."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from sync_server.node import Node
from sync_server.services import sign_in
from sync_server.store.accounts import Actor
from tests.protocols.conftest import PASSWORD, Tablet

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture
def headers(hub: Node, alice: Actor) -> dict[str, str]:
    """Alice's, signed in."""
    return {"Authorization": f"Bearer {sign_in.create_session(hub, 'alice@example.org', PASSWORD).token}"}


@pytest.mark.usefixtures("alice")
def test_signing_in_gives_a_token_for_a_day_and_a_cookie(client: FlaskClient) -> None:
    response = client.post("/v1/sessions", json={"email": "Alice@example.org", "password": PASSWORD})
    body = response.get_json()
    assert response.status_code == 200
    assert re.fullmatch(r"[A-Za-z0-9!$_-]{64}", body["token"])
    assert TIME.fullmatch(body["createdAt"])
    assert TIME.fullmatch(body["expiresAt"])
    cookies = {cookie.partition("=")[0]: cookie for cookie in response.headers.getlist("Set-Cookie")}
    assert set(cookies) == {"session", "__csrf", "device"}
    assert "HttpOnly" in cookies["session"]
    assert cookies["__csrf"].startswith(f"__csrf={body['csrf']};")
    bearer = {"Authorization": f"Bearer {body['token']}"}
    assert client.get("/v1/users/current", headers=bearer).get_json()["email"] == "alice@example.org"


@pytest.mark.usefixtures("alice")
def test_the_cookie_is_for_https_alone_where_there_is_https(client: FlaskClient) -> None:
    credentials = {"email": "alice@example.org", "password": PASSWORD}
    cookie = client.post("/v1/sessions", json=credentials, base_url="https://localhost").headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert "Secure" in cookie


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"email": "alice@example.org", "password": "wrong"}, 401, 401.2),
        ({"email": "nobody@example.org", "password": PASSWORD}, 401, 401.2),
        ({"email": "alice@example.org"}, 400, 400.2),
        ({"email": 1, "password": []}, 400, 400.2),
        ([], 400, 400.1),
    ],
)
def test_a_failed_sign_in_is_a_problem_as_json(client: FlaskClient, body: Any, status: int, code: float) -> None:
    response = client.post("/v1/sessions", json=body)
    assert response.status_code == status
    assert response.get_json()["code"] == code
    assert set(response.get_json()) == {"message", "code", "details"}


def test_a_body_that_is_no_json_is_said_so(client: FlaskClient) -> None:
    response = client.post("/v1/sessions", data=b"{", content_type="application/json")
    assert (response.status_code, response.get_json()["code"]) == (400, 400.1)


def test_signing_out_ends_this_session_only(client: FlaskClient, headers: dict[str, str], hub: Node) -> None:
    other = sign_in.create_session(hub, "alice@example.org", PASSWORD).token
    assert client.delete("/v1/sessions/current", headers=headers).get_json() == {"success": True}
    assert client.get("/v1/users/current", headers=headers).status_code == 401
    assert client.get("/v1/users/current", headers={"Authorization": f"Bearer {other}"}).status_code == 200


def test_a_session_is_ended_by_its_token_by_its_owner_or_an_administrator_only(
    client: FlaskClient, headers: dict[str, str], bob: Actor, hub: Node
) -> None:
    tokens = [sign_in.create_session(hub, "bob@example.org", PASSWORD).token for _ in range(2)]
    bobs = {"Authorization": f"Bearer {tokens[0]}"}
    alices = headers["Authorization"].partition(" ")[2]
    assert client.delete(f"/v1/sessions/{alices}", headers=bobs).status_code == 403
    assert client.delete("/v1/sessions/unknown", headers=headers).status_code == 403
    assert client.delete(f"/v1/sessions/{tokens[1]}", headers=headers).get_json() == {"success": True}
    assert client.delete(f"/v1/sessions/{tokens[0]}", headers=bobs).get_json() == {"success": True}
    assert [sign_in.find_session(hub, token) for token in tokens] == [None, None]


def test_the_current_user_is_written_as_central_does(
    client: FlaskClient, headers: dict[str, str], alice: Actor
) -> None:
    body = client.get("/v1/users/current", headers=headers).get_json()
    assert TIME.fullmatch(body.pop("createdAt"))
    assert body == {
        "id": alice.id,
        "type": "user",
        "displayName": "Alice",
        "email": "alice@example.org",
        "updatedAt": None,
        "deletedAt": None,
    }


def test_a_stranger_is_told_to_sign_in(client: FlaskClient) -> None:
    for path in ("/v1/users/current", "/v1/projects/1/app-users"):
        response = client.get(path)
        assert response.status_code == 401
        assert response.get_json()["code"] == 401.4


def test_an_app_user_is_added_listed_read_and_deleted(client: FlaskClient, headers: dict[str, str]) -> None:
    url = "/v1/projects/1/app-users"
    added = client.post(url, json={"displayName": "Tablet 7"}, headers=headers).get_json()
    assert (added["type"], added["displayName"], added["projectId"]) == ("field_key", "Tablet 7", 1)
    assert client.get(f"/v1/key/{added['token']}/projects/1/formList").status_code == 200
    assert client.get(url, headers=headers).get_json() == [added]
    assert client.get(f"{url}/{added['id']}", headers=headers).get_json() == added
    assert client.delete(f"{url}/{added['id']}", headers=headers).get_json() == {"success": True}
    assert client.get(url, headers=headers).get_json() == []
    assert client.get(f"/v1/key/{added['token']}/projects/1/formList").status_code == 403


def test_an_app_user_is_revoked_by_its_token_and_then_shows_none(
    client: FlaskClient, headers: dict[str, str], tablet: Tablet
) -> None:
    assert client.delete(f"/v1/sessions/{tablet.token}", headers=headers).get_json() == {"success": True}
    assert client.get("/v1/projects/1/app-users", headers=headers).get_json()[0]["token"] is None


def test_extended_metadata_says_when_an_app_user_was_last_seen(
    client: FlaskClient, headers: dict[str, str], tablet: Tablet
) -> None:
    tablet.get("/formList")
    listed = client.get("/v1/projects/1/app-users", headers={**headers, "X-Extended-Metadata": "true"}).get_json()
    assert TIME.fullmatch(listed[0]["lastUsed"])


def test_what_is_missing_or_not_there_is_said(client: FlaskClient, headers: dict[str, str], tablet: Tablet) -> None:
    assert client.post("/v1/projects/1/app-users", json={}, headers=headers).get_json()["code"] == 400.2
    assert client.post("/v1/projects/9/app-users", json={"displayName": "x"}, headers=headers).status_code == 404
    assert client.get("/v1/projects/1/app-users/999", headers=headers).get_json()["code"] == 404.1
    assert client.get(f"/v1/projects/9/app-users/{tablet.actor.id}", headers=headers).status_code == 404


def test_only_an_administrator_manages_app_users(client: FlaskClient, bob: Actor, hub: Node, tablet: Tablet) -> None:
    bearer = {"Authorization": f"Bearer {sign_in.create_session(hub, 'bob@example.org', PASSWORD).token}"}
    assert client.get("/v1/projects/1/app-users", headers=bearer).get_json()["code"] == 403.1
    assert client.post("/v1/projects/1/app-users", json={"displayName": "x"}, headers=bearer).status_code == 403
    assert client.delete(f"/v1/sessions/{tablet.token}", headers=bearer).status_code == 403
    device = {"Authorization": f"Bearer {tablet.token}"}
    assert client.delete(f"/v1/projects/1/app-users/{tablet.actor.id}", headers=device).status_code == 403


def test_a_message_is_in_the_language_of_the_client(client: FlaskClient) -> None:
    response = client.get("/v1/users/current", headers={"Accept-Language": "ckb"})
    assert response.headers["Content-Language"] == "ckb"
    assert response.get_json()["message"] in response.text  # in letters, not in \\u escapes


def test_an_address_that_is_not_there_is_json_too(client: FlaskClient) -> None:
    response = client.get("/v1/nothing")
    assert response.status_code == 404
    assert response.get_json()["code"] == 404.1


def test_a_stranger_cannot_fill_the_memory(client: FlaskClient) -> None:
    response = client.post("/v1/sessions", data=b'{"email": "' + b"x" * 1_000_000 + b'", "password": "x"}')
    assert response.status_code == 400
