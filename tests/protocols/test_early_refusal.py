"""What is refused at the threshold is what would be refused further in, in the same words; nothing else is."""

import base64
import json
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sync_server.core.early_answers import Answer, Asked
from sync_server.node import Node
from sync_server.protocols.early_refusal import EarlyRefusal
from sync_server.protocols.guesses import LONGEST_BODY
from sync_server.protocols.sign_in_gate import NETWORK_BURST
from tests.protocols.conftest import PASSWORD

HERE, THERE = "192.168.1.7", "192.168.1.8"
ALICE = {"email": "alice@example.org", "password": PASSWORD}
FORM = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}


@pytest.fixture
def refuse(app: Flask, hub: Node) -> EarlyRefusal:
    return EarlyRefusal(app, hub)


def ask(path: str, body: bytes = b"", *, address: str = HERE, method: str = "POST", **headers: str) -> Asked:
    return Asked(method, path, "", headers, address, len(body), lambda size: body[:size])


def sign_in(email: str = ALICE["email"], **options: str) -> Asked:
    return ask("/v1/sessions", json.dumps({"email": email, "password": "guess"}).encode(), **options)


def guess(client: FlaskClient, email: str = ALICE["email"], times: int = 5) -> None:
    """Guess at the application itself, as what gets past the threshold does."""
    stranger = client.application.test_client()
    for _ in range(times):
        body = {"email": email, "password": "guess"}
        stranger.post("/v1/sessions", json=body, environ_overrides={"REMOTE_ADDR": HERE})


def test_who_guessed_too_often_is_refused_and_nobody_else(client: FlaskClient, refuse: EarlyRefusal) -> None:
    assert refuse(sign_in()) is None
    guess(client)
    assert refuse(sign_in()) is not None
    assert refuse(sign_in(" ALICE@example.org ")) is not None
    assert refuse(sign_in("bob@example.org")) is None
    assert refuse(sign_in(address=THERE)) is None


def test_the_answer_is_the_one_given_further_in(client: FlaskClient, refuse: EarlyRefusal) -> None:
    guess(client)
    for language in ("en", "ar", "ckb"):
        asked = {"json": ALICE, "headers": {"Accept-Language": language}}
        further_in = client.post("/v1/sessions", environ_overrides={"REMOTE_ADDR": HERE}, **asked)
        early = refuse(sign_in(ACCEPT_LANGUAGE=language))
        assert isinstance(early, Answer)
        assert (early.status, json.loads(early.body)) == (further_in.status, further_in.get_json())
        headers = dict(early.headers)
        assert headers["Retry-After"] == further_in.headers["Retry-After"] == "300"
        assert headers["Content-Language"] == language


@pytest.mark.usefixtures("alice")
def test_a_browser_that_is_known_passes_and_a_forged_one_does_not(client: FlaskClient, refuse: EarlyRefusal) -> None:
    assert client.post("/v1/sessions", json=ALICE).status_code == 200
    cookie = client.get_cookie("device")
    assert cookie
    guess(client)
    assert refuse(sign_in(COOKIE=f"device={cookie.value}")) is None
    assert refuse(sign_in(COOKIE=f"device={cookie.value[:32]}.{'0' * 32}")) is not None


@pytest.mark.usefixtures("alice")
def test_a_program_that_is_known_passes_while_its_network_floods(client: FlaskClient, refuse: EarlyRefusal) -> None:
    client.post("/v1/sessions", json=ALICE, environ_overrides={"REMOTE_ADDR": HERE})
    for number in range(NETWORK_BURST):
        guess(client, f"{number}@example.org", times=1)
    assert refuse(sign_in()) is None
    assert refuse(sign_in("new@example.org")) is not None
    assert refuse(sign_in("new@example.org", address=THERE)) is None


def test_the_page_answers_as_a_page_in_the_language_chosen_there(client: FlaskClient, refuse: EarlyRefusal) -> None:
    guess(client)
    body = urlencode({"next": "/", "email": ALICE["email"], "password": "guess"}).encode()
    answer = refuse(ask("/sign-in", body, **FORM, COOKIE="language=ar", ACCEPT_LANGUAGE="en"))
    assert answer
    assert answer.status.startswith("429")
    headers = dict(answer.headers)
    assert headers["Content-Type"].startswith("text/html")
    assert "Content-Security-Policy" in headers
    assert 'lang="ar" dir="rtl"' in answer.body.decode()
    assert refuse(ask("/sign-in", body, **FORM, address=THERE)) is None


def test_basic_is_refused_where_it_would_be_looked_at(client: FlaskClient, refuse: EarlyRefusal) -> None:
    guess(client)
    for _ in range(5):
        client.get("/v1/users/current", headers=basic(), environ_overrides={"REMOTE_ADDR": "127.0.0.1"})
    here = {
        "address": "127.0.0.1",
        "method": "GET",
        "HOST": "localhost:8383",
        "AUTHORIZATION": basic()["Authorization"],
    }
    assert refuse(ask("/v1/users/current", b"", **here)) is not None
    assert refuse(ask("/v1/users/current", b"", **{**here, "HOST": "hub.example.org"})) is None
    assert refuse(ask("/v1/users/current", b"", **{**here, "address": HERE})) is None
    for path in ("/v1/key/abc/projects/1/submission", "/v1/projects/1/submission", "/v1/sessions/restore", "/"):
        assert refuse(ask(path, b"", **here)) is None


def basic() -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(b"alice@example.org:guess").decode()}


NEVER_READ = [
    b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 60_000, b"1" * 60_000, b'{"email": 5, "password": "x"}',
    b'{"email": "alice@example.org"}', b'{"email": "alice@example.org", "password": " "}',
    b'{"email": "alice@example.org", "password": "' + b"x" * LONGEST_BODY + b'"}',
]  # fmt: skip


@pytest.mark.parametrize("body", NEVER_READ, ids=range(len(NEVER_READ)))
def test_what_is_unusual_is_left_to_the_application(client: FlaskClient, refuse: EarlyRefusal, body: bytes) -> None:
    guess(client)
    assert refuse(ask("/v1/sessions", body)) is None
    assert refuse(ask("/sign-in", body, **FORM)) is None
    assert (
        refuse(ask("/v1/users/current", method="GET", AUTHORIZATION="Basic " + body[:5000].decode("latin-1"))) is None
    )


def test_behind_a_proxy_the_address_is_the_one_it_tells(client: FlaskClient, app: Flask, hub: Node) -> None:
    guess(client)
    refuse = EarlyRefusal(app, replace(hub, settings=replace(hub.settings, trusted_proxies=1)))
    assert refuse(sign_in(address="127.0.0.1", X_FORWARDED_FOR=f"8.8.8.8, {HERE}")) is not None
    assert refuse(sign_in(address="127.0.0.1", X_FORWARDED_FOR=f"{HERE}, {THERE}")) is None
    assert EarlyRefusal(app, hub)(sign_in(address=THERE, X_FORWARDED_FOR=HERE)) is None
