"""People's accounts answer as ODK Central's do, and tell nobody who has one."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from sync_server.node import Node
from sync_server.services import reset_password, sign_in
from sync_server.store import audits
from sync_server.store.accounts import Actor
from tests.protocols.conftest import PASSWORD, Tablet
from tests.support.codes import app_code, enrol

NEW = "another good one for sara"


def bearer(hub: Node, name: str, password: str = PASSWORD) -> dict[str, str]:
    token = sign_in.create_session(hub, f"{name}@example.org", password).token
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def headers(hub: Node, alice: Actor) -> dict[str, str]:
    return bearer(hub, "alice")


def test_an_account_is_made_listed_read_changed_and_ended(
    client: FlaskClient, headers: dict[str, str], hub: Node
) -> None:
    added = client.post("/v1/users", json={"email": "Sara@example.org"}, headers=headers).get_json()
    assert set(added) == {"id", "type", "displayName", "createdAt", "updatedAt", "deletedAt", "email"}
    assert (added["type"], added["email"], added["displayName"]) == ("user", "sara@example.org", "sara@example.org")
    url = f"/v1/users/{added['id']}"
    assert client.get(url, headers=headers).get_json() == added
    assert [user["email"] for user in client.get("/v1/users", headers=headers).get_json()] == [
        "alice@example.org",
        "sara@example.org",
    ]
    assert client.get("/v1/users?q=sara", headers=headers).get_json() == [added]
    changed = client.patch(url, json={"displayName": "Sara"}, headers=headers).get_json()
    assert changed["displayName"] == "Sara"
    assert changed["updatedAt"]
    assert client.delete(url, headers=headers).get_json() == {"success": True}
    assert client.get(url, headers=headers).status_code == 404
    with hub.database.read() as session:
        actions = [audit.act.action for audit in audits.iter_audits(session, action="user", limit=4)]
    assert actions == ["user.delete", "user.update", "user.create", "user.session.create"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 400.2),
        ({"email": "nobody"}, 400.8),
        ({"email": "alice@example.org"}, 409.3),
        ({"email": "s@example.org", "password": "short"}, 400.21),
        ({"email": "s@example.org", "password": "password123456"}, 400.121),
        ({"email": "s@example.org", "displayName": 7}, 400.2),
        ([], 400.1),
    ],
)
def test_an_account_that_cannot_be_is_a_problem(
    client: FlaskClient, headers: dict[str, str], body: Any, code: float
) -> None:
    assert client.post("/v1/users", json=body, headers=headers).get_json()["code"] == code


def test_who_may_not_list_finds_an_exact_address_only(client: FlaskClient, bob: Actor, alice: Actor, hub: Node) -> None:
    bobs = bearer(hub, "bob")
    assert client.get("/v1/users", headers=bobs).get_json() == []
    assert client.get("/v1/users?q=alice", headers=bobs).get_json() == []
    assert client.get("/v1/users?q=alice@example.org", headers=bobs).get_json()[0]["id"] == alice.id
    assert client.get(f"/v1/users/{bob.id}", headers=bobs).status_code == 200
    for path in (f"/v1/users/{alice.id}", "/v1/users/999"):  # whether there is one is not told
        assert client.get(path, headers=bobs).get_json()["code"] == 403.1


def test_the_current_user_extended_has_verbs_and_preferences(
    client: FlaskClient, headers: dict[str, str], bob: Actor, hub: Node
) -> None:
    for path, value in (("site/colour", "red"), ("project/1/sort", [1, None])):
        put = client.put(f"/v1/user-preferences/{path}", json={"propertyValue": value}, headers=headers)
        assert put.get_json() == {"success": True}
    plain = client.get("/v1/users/current", headers=headers).get_json()
    assert "verbs" not in plain
    extended = client.get("/v1/users/current", headers={**headers, "X-Extended-Metadata": "true"}).get_json()
    assert {"user.create", "config.set", "project.create"} <= set(extended["verbs"])
    assert extended["preferences"] == {"site": {"colour": "red"}, "projects": {"1": {"sort": [1, None]}}}
    bobs = client.get("/v1/users/current", headers={**bearer(hub, "bob"), "X-Extended-Metadata": "true"}).get_json()
    assert (bobs["verbs"], bobs["preferences"]) == ([], {"site": {}, "projects": {}})
    assert client.delete("/v1/user-preferences/site/colour", headers=headers).get_json() == {"success": True}
    assert client.delete("/v1/user-preferences/site/colour", headers=headers).get_json()["code"] == 404.1
    put = client.put("/v1/user-preferences/project/9/x", json={"propertyValue": 1}, headers=headers)
    assert put.get_json()["code"] == 404.1
    assert client.put("/v1/user-preferences/site/x", json={}, headers=headers).get_json()["code"] == 400.2


def test_a_password_is_changed_by_who_knows_the_old_one(client: FlaskClient, bob: Actor, hub: Node) -> None:
    bobs, other, url = bearer(hub, "bob"), bearer(hub, "bob"), f"/v1/users/{bob.id}/password"
    assert client.put(url, json={"old": "wrong", "new": NEW}, headers=bobs).get_json()["code"] == 401.2
    assert client.put(url, json={"old": PASSWORD, "new": "password123456"}, headers=bobs).get_json()["code"] == 400.121
    assert client.put(url, json={"old": PASSWORD, "new": NEW}, headers=bobs).get_json() == {"success": True}
    assert client.get("/v1/users/current", headers=bobs).status_code == 200
    assert client.get("/v1/users/current", headers=other).status_code == 401
    assert client.put(url, json={"old": NEW}, headers=bobs).get_json()["code"] == 400.2


def test_the_old_password_cannot_be_guessed_in_a_stolen_session(client: FlaskClient, bob: Actor, hub: Node) -> None:
    bobs, url = bearer(hub, "bob"), f"/v1/users/{bob.id}/password"
    guesses = [client.put(url, json={"old": "guess", "new": NEW}, headers=bobs).status_code for _ in range(7)]
    assert guesses == [401] * 5 + [429] * 2


def test_asking_for_a_new_password_tells_nothing(client: FlaskClient, alice: Actor, bob: Actor, hub: Node) -> None:
    url = "/v1/users/reset/initiate"
    known, unknown = (client.post(url, json={"email": f"{name}@example.org"}) for name in ("alice", "nobody"))
    assert known.get_json() == unknown.get_json() == {"success": True}
    assert {**known.headers, "Date": ""} == {**unknown.headers, "Date": ""}
    for name in ("alice", "nobody"):
        asked = client.post(f"{url}?invalidate=true", json={"email": f"{name}@example.org"}, headers=bearer(hub, "bob"))
        assert asked.get_json()["code"] == 403.1
        assert client.post(f"{url}?invalidate=true", json={"email": f"{name}@example.org"}).status_code == 401


def test_an_administrator_makes_a_password_worth_nothing(
    client: FlaskClient, headers: dict[str, str], bob: Actor, hub: Node
) -> None:
    bobs = bearer(hub, "bob")
    url = "/v1/users/reset/initiate?invalidate=true"
    assert client.post(url, json={"email": "bob@example.org"}, headers=headers).get_json() == {"success": True}
    assert client.get("/v1/users/current", headers=bobs).status_code == 401
    assert client.post("/v1/sessions", json={"email": "bob@example.org", "password": PASSWORD}).status_code == 401


def test_a_reset_code_is_a_bearer_token_for_one_thing_once(
    client: FlaskClient, headers: dict[str, str], bob: Actor, hub: Node
) -> None:
    url = "/v1/users/reset/verify"
    code = reset_password.make_reset_code(hub, None, bob.id)
    proof = {"Authorization": f"Bearer {code}"}
    assert client.get("/v1/users/current", headers=proof).status_code == 401
    assert client.post(url, json={"new": NEW}).get_json()["code"] == 403.1
    assert client.post(url, json={"new": NEW}, headers=headers).get_json()["code"] == 403.1
    assert client.post(url, json={"new": "short"}, headers=proof).get_json()["code"] == 400.21
    assert client.post(url, json={"new": NEW}, headers=proof).get_json() == {"success": True}
    assert client.post(url, json={"new": NEW}, headers=proof).get_json()["code"] == 401.2
    assert client.post("/v1/sessions", json={"email": "bob@example.org", "password": NEW}).status_code == 200


def test_a_session_with_a_code_and_no_other_way_in(client: FlaskClient, bob: Actor, hub: Node) -> None:
    enrolment, _ = enrol(hub, bob)
    body = {"email": "bob@example.org", "password": PASSWORD}
    assert client.post("/v1/sessions", json=body).get_json()["code"] == 401.122
    assert client.post("/v1/sessions", json={**body, "code": "000000"}).get_json()["code"] == 401.121
    assert client.post("/v1/sessions", json={**body, "code": 7}).get_json()["code"] == 401.122
    used = app_code(enrolment.key, steps_later=1)
    assert client.post("/v1/sessions", json={**body, "code": used}).status_code == 200
    assert client.post("/v1/sessions", json={**body, "code": used}).get_json()["code"] == 401.121
    basic = client.get("/v1/users/current", auth=("bob@example.org", PASSWORD), base_url="https://localhost")
    assert basic.get_json()["code"] == 401.123


def test_codes_are_guessed_as_slowly_as_passwords(client: FlaskClient, bob: Actor, hub: Node) -> None:
    enrol(hub, bob)
    body = {"email": "bob@example.org", "password": PASSWORD, "code": "000000"}
    assert [client.post("/v1/sessions", json=body).status_code for _ in range(6)] == [401] * 5 + [429]


def test_a_session_tells_of_itself_and_ends(client: FlaskClient, alice: Actor) -> None:
    stranger = client.application.test_client()
    assert stranger.get("/v1/sessions/restore").get_json()["code"] == 404.1
    made = client.post("/v1/sessions", json={"email": "alice@example.org", "password": PASSWORD}).get_json()
    restored = client.get("/v1/sessions/restore").get_json()
    assert restored == {"createdAt": made["createdAt"], "expiresAt": made["expiresAt"]}
    assert client.delete("/v1/sessions/current").status_code == 401  # by cookie, without the csrf word
    gone = client.delete("/v1/sessions/current", headers={"X-CSRF-Token": made["csrf"]})
    assert gone.get_json() == {"success": True}
    assert client.get_cookie("session") is None
    assert client.get_cookie("__csrf") is None


def test_a_cookie_alone_changes_nothing(client: FlaskClient, alice: Actor) -> None:
    client.post("/v1/sessions", json={"email": "alice@example.org", "password": PASSWORD})
    assert client.post("/v1/users", json={"email": "eve@example.org"}).status_code == 401
    assert client.put("/v1/user-preferences/site/x", json={"propertyValue": 1}).status_code == 401
    wrong = {"X-CSRF-Token": "0" * 64}
    assert client.delete(f"/v1/users/{alice.id}", headers=wrong).status_code == 401


def test_a_session_that_was_planted_is_not_the_one_signed_in(client: FlaskClient, alice: Actor, bob: Actor) -> None:
    eve = client.application.test_client()
    planted = eve.post("/v1/sessions", json={"email": "bob@example.org", "password": PASSWORD}).get_json()["token"]
    client.set_cookie("session", planted)
    token = client.post("/v1/sessions", json={"email": "alice@example.org", "password": PASSWORD}).get_json()["token"]
    cookie = client.get_cookie("session")
    assert cookie
    assert cookie.value == token != planted
    asked = eve.get("/v1/users/current", headers={"Authorization": f"Bearer {planted}"})
    assert asked.get_json()["email"] == "bob@example.org"


def test_a_tablet_has_no_account(client: FlaskClient, tablet: Tablet) -> None:
    headers = {"Authorization": f"Bearer {tablet.token}"}
    put = client.put("/v1/user-preferences/site/x", json={"propertyValue": 1}, headers=headers)
    assert put.get_json()["code"] == 403.1
    assert client.get(f"/v1/users/{tablet.actor.id}", headers=headers).status_code == 403
