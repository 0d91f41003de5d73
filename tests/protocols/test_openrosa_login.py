"""Accounts sign in on a tablet: Digest over http where it was turned on, Basic over https only, one challenge."""

import hashlib
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sync_server.core.roles import DATA_COLLECTOR
from sync_server.node import Node
from sync_server.protocols.authentication import current_actor
from sync_server.protocols.throttle import ATTEMPTS
from sync_server.services import users
from sync_server.services.sign_in import create_session
from sync_server.store.accounts import Actor
from tests.protocols.conftest import PASSWORD, Publish, Tablet, make_submission
from tests.protocols.received import stored
from tests.protocols.test_openrosa_submission import message
from tests.support.people import give_role

LIST = "/v1/projects/1/formList"


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def answer(
    challenge: str, uri: str, *, method: str = "GET", user: str = "bob@example.org", password: str = PASSWORD
) -> str:
    """Answer a challenge as okhttp-digest does."""
    given = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    ha1 = md5(f"{user}:{given['realm']}:{password}")
    response = md5(f"{ha1}:{given['nonce']}:00000001:abcdef:auth:{md5(f'{method}:{uri}')}")
    return (
        f'Digest username="{user}", realm="{given["realm"]}", nonce="{given["nonce"]}", uri="{uri}", '
        f'response="{response}", qop=auth, nc=00000001, cnonce="abcdef", algorithm=MD5, opaque="{given["opaque"]}"'
    )


def challenge(client: FlaskClient) -> str:
    response = client.get(LIST)
    assert response.status_code == 401
    return response.headers["WWW-Authenticate"]


def sign_in(client: FlaskClient, uri: str, **changes: str) -> TestResponse:
    return client.get(uri, headers={"Authorization": answer(challenge(client), uri, **changes)})


def test_over_http_a_stranger_is_offered_digest_alone(client: FlaskClient) -> None:
    response = client.get(LIST)
    assert len(response.headers.getlist("WWW-Authenticate")) == 1
    assert response.headers["WWW-Authenticate"].startswith("Digest ")
    assert 'qop="auth"' in response.headers["WWW-Authenticate"]
    assert message(response)


def test_over_https_a_stranger_is_offered_basic_alone(client: FlaskClient) -> None:
    response = client.get(LIST, base_url="https://localhost")
    assert response.headers.getlist("WWW-Authenticate") == ['Basic realm="Field data", charset="UTF-8"']


def test_the_request_before_a_submission_is_challenged_too(client: FlaskClient) -> None:
    response = client.head("/v1/projects/1/submission?deviceID=collect%3Aabc")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Digest ")


def test_digest_lets_in_an_account_that_turned_it_on(client: FlaskClient, bob: Actor, publish: Publish) -> None:
    publish()
    assert sign_in(client, LIST).status_code == 200
    assert sign_in(client, LIST + "?deviceID=collect%3Aabc").status_code == 200


def test_digest_is_checked_against_path_and_query(client: FlaskClient, bob: Actor) -> None:
    authorization = answer(challenge(client), LIST + "?deviceID=collect%3Aabc")
    for other in (LIST, LIST + "?deviceID=other", "/v1/projects/1/forms/1/form.xml"):
        assert client.get(other, headers={"Authorization": authorization}).status_code == 401


def test_digest_signs_the_path_as_it_was_typed(client: FlaskClient, bob: Actor) -> None:
    authorization = answer(challenge(client), "/v1//projects/1//formList")
    assert client.get("/v1//projects/1//formList", headers={"Authorization": authorization}).status_code == 200


@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"user": "nobody@example.org"}, {"method": "POST"}])
def test_digest_lets_in_nobody_else(client: FlaskClient, bob: Actor, changes: dict[str, str]) -> None:
    given = challenge(client)
    response = client.get(LIST, headers={"Authorization": answer(given, LIST, **changes)})
    assert response.status_code == 401
    # The same nonce refused again, and not as stale, tells OkHttp to give up rather than repeat itself.
    assert response.headers["WWW-Authenticate"] == given


def test_digest_is_refused_to_an_account_that_did_not_turn_it_on(client: FlaskClient, alice: Actor) -> None:
    assert sign_in(client, LIST, user="alice@example.org").status_code == 401


def test_an_old_nonce_is_stale_and_the_tablet_repeats_silently(client: FlaskClient, bob: Actor) -> None:
    authorization = answer(challenge(client), LIST)
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
        response = client.get(LIST, headers={"Authorization": authorization})
        assert response.status_code == 401
        assert "stale=true" in response.headers["WWW-Authenticate"]
        again = answer(response.headers["WWW-Authenticate"], LIST)
        assert client.get(LIST, headers={"Authorization": again}).status_code == 200


def test_digest_sends_a_submission(client: FlaskClient, bob: Actor, hub: Node) -> None:
    uri = "/v1/projects/1/submission?deviceID=collect%3Aabc"
    given = client.head(uri).headers["WWW-Authenticate"]
    assert client.head(uri, headers={"Authorization": answer(given, uri, method="HEAD")}).status_code == 204
    authorization = answer(given, uri, method="POST")
    response = client.post(
        uri, data=make_submission(), content_type="text/xml", headers={"Authorization": authorization}
    )
    assert response.status_code == 201
    assert stored(hub).receipts[0]["actor_id"] == bob.id


def test_empty_digest_credentials_are_a_strangers(client: FlaskClient, bob: Actor) -> None:
    assert sign_in(client, LIST, user="", password="").status_code == 401


@pytest.mark.parametrize("header", ["Digest", "Digest x", "Basic", "Basic !!!", "Bearer", "Bearer x", "Cookie x", "x"])
def test_credentials_that_make_no_sense_are_401_and_no_accident(client: FlaskClient, header: str) -> None:
    response = client.get(LIST, headers={"Authorization": header})
    assert response.status_code == 401
    assert message(response)


def test_basic_lets_in_over_https_and_never_over_http(client: FlaskClient, alice: Actor, publish: Publish) -> None:
    publish()
    auth = ("alice@example.org", PASSWORD)
    assert client.get(LIST, base_url="https://localhost", auth=auth).status_code == 200
    refused = client.get(LIST, base_url="http://hub.local", auth=auth)
    assert refused.status_code == 401
    assert "https" in message(refused)
    assert client.get(LIST, base_url="https://localhost", auth=("alice@example.org", "wrong")).status_code == 401


def test_a_password_with_colons_and_arabic_is_read(client: FlaskClient, hub: Node) -> None:
    sara = users.add_user(hub, None, "sara@example.org", "كلمة: سر طويلة")
    give_role(hub, sara, DATA_COLLECTOR)
    auth = ("sara@example.org", "كلمة: سر طويلة")
    assert client.get(LIST, base_url="https://localhost", auth=auth).status_code == 200


def test_a_proxy_that_is_not_trusted_cannot_make_http_look_safe(client: FlaskClient, alice: Actor) -> None:
    auth = ("alice@example.org", PASSWORD)
    forged = client.get(LIST, base_url="http://hub.local", auth=auth, headers={"X-Forwarded-Proto": "https"})
    assert forged.status_code == 401
    assert "https" in message(forged)


def test_basic_lets_in_a_program_on_this_machine_and_nobody_behind_a_proxy_on_it(
    client: FlaskClient, alice: Actor, publish: Publish
) -> None:
    publish()
    auth = ("alice@example.org", PASSWORD)
    assert client.get(LIST, base_url="http://127.0.0.1:8080", auth=auth).status_code == 200
    elsewhere = {"REMOTE_ADDR": "192.168.1.7"}
    assert client.get(LIST, base_url="http://localhost", auth=auth, environ_overrides=elsewhere).status_code == 401


def test_a_session_token_lets_in(client: FlaskClient, alice: Actor, hub: Node) -> None:
    token = create_session(hub, "alice@example.org", PASSWORD).token
    assert client.get(LIST, headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_a_query_token_lets_in_and_moves_into_the_addresses(
    client: FlaskClient, tablet: Tablet, publish: Publish
) -> None:
    publish()
    response = client.get(f"{LIST}?st={tablet.token}")
    assert response.status_code == 200
    assert f"http://localhost{tablet.base}/forms/".encode() in response.data


def test_a_browsers_session_may_read_but_not_send_without_its_word(
    client: FlaskClient, alice: Actor, hub: Node
) -> None:
    session = create_session(hub, "alice@example.org", PASSWORD)
    client.set_cookie("session", session.token)
    assert client.get(LIST).status_code == 200
    send = {"path": "/v1/projects/1/submission", "data": make_submission(), "content_type": "text/xml"}
    assert client.post(**send).status_code == 401  # type: ignore[arg-type]
    assert client.post(**send, headers={"X-CSRF-Token": session.csrf}).status_code == 201  # type: ignore[arg-type]


def test_who_asks_is_looked_up_once_in_a_request(app: Flask, tablet: Tablet, hub: Node) -> None:
    with app.test_request_context(f"/v1/projects/1/formList?st={tablet.token}"):
        app.preprocess_request()
        assert current_actor() is current_actor()


def test_whoever_guesses_has_to_wait_at_every_door(client: FlaskClient, bob: Actor) -> None:
    for _ in range(ATTEMPTS):
        assert sign_in(client, LIST, password="wrong").status_code == 401
    response = sign_in(client, LIST)
    assert response.status_code == 429
    assert "Too many" in message(response)
    assert client.get(LIST, base_url="https://localhost", auth=("bob@example.org", PASSWORD)).status_code == 429
    credentials = {"email": "Bob@example.org", "password": PASSWORD}
    assert client.post("/v1/sessions", json=credentials).get_json()["code"] == 429.91
