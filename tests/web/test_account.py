"""One's own account: a new password, two-factor sign-in, and the browsers one is signed in with."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sync_server.node import Node
from sync_server.services import sign_in as signing_in
from sync_server.services import two_factor
from sync_server.store.accounts import Actor
from tests.support.codes import app_code, enrol
from tests.web.conftest import PASSWORD, csrf_of, sign_in

NEW = "another good one for alice"
ALICE = "alice@example.org"


@pytest.fixture
def office(app: Flask, alice: Actor) -> FlaskClient:
    """Alice's browser, signed in, beside others: one that keeps its context would share it with them."""
    client = app.test_client()
    assert sign_in(client, "alice@example.org").status_code == 303
    return client


def send(client: FlaskClient, path: str, **form: str):  # type: ignore[no-untyped-def]
    return client.post(path, data={"__csrf": csrf_of(client), **form})


def shown_key(page: str) -> str:
    found = re.search(r'class="key">([A-Z2-7 ]+)<', page)
    assert found
    return found[1]


def test_alice_changes_her_password_and_every_other_browser_is_signed_out(app: Flask, office: FlaskClient) -> None:
    other = app.test_client()
    sign_in(other, ALICE)
    assert "not right" in send(office, "/account/password", old="wrong", new=NEW).text
    assert "too easy" in send(office, "/account/password", old=PASSWORD, new="password123456").text
    assert send(office, "/account/password", old=PASSWORD, new=NEW).status_code == 303
    assert office.get("/account").status_code == 200
    assert other.get("/account").status_code == 303
    assert sign_in(other, ALICE, NEW).status_code == 303


def test_alice_sets_two_factor_up_and_signs_in_with_it(
    app: Flask, office: FlaskClient, hub: Node, alice: Actor
) -> None:
    assert send(office, "/account/two-factor", password="wrong").status_code == 400
    begun = send(office, "/account/two-factor", password=PASSWORD).text
    assert "<svg" in begun
    again = send(office, "/account/two-factor/confirm", code="000000")
    assert "This code is not right" in again.text
    assert shown_key(again.text) == shown_key(begun)
    shown = send(office, "/account/two-factor/confirm", code=app_code(shown_key(begun))).text
    recovery = re.findall(r"<code dir=\"ltr\">([a-z0-9-]{19})</code>", shown)
    assert len(recovery) == two_factor.RECOVERY_CODES
    assert not any(code in office.get("/account").text for code in recovery)

    browser = app.test_client()
    asked = sign_in(browser, ALICE, next="/people")
    assert asked.status_code == 200
    assert browser.get_cookie("session") is None
    assert browser.get("/account").status_code == 303
    wrong = browser.post("/sign-in/code", data={**hidden(asked.text), "code": "000000"})
    assert wrong.status_code == 401
    entered = browser.post("/sign-in/code", data={**hidden(wrong.text), "code": recovery[0]})
    assert (entered.status_code, entered.location) == (303, "/people")
    assert "left: 7" in browser.get("/account").text


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(ticket|next)" value="([^"]*)"', page))


def test_a_ticket_is_no_session_and_no_code_is_no_way_in(app: Flask, hub: Node, alice: Actor) -> None:
    enrol(hub, alice)
    browser = app.test_client()
    ticket = hidden(sign_in(browser, ALICE).text)["ticket"]
    for form in (
        {"ticket": ticket},
        {"ticket": ticket, "code": ""},
        {"code": "123456"},
        {"ticket": "1.2.3", "code": "1"},
    ):
        assert browser.post("/sign-in/code", data=form).status_code in (401, 403)
    browser.set_cookie("session", ticket)
    assert browser.get("/account").status_code == 303
    assert browser.post("/sign-in/enrol", data={"ticket": ticket, "code": "1"}).status_code in (401, 403, 404)


def test_an_account_that_must_have_it_sets_it_up_before_it_is_let_in(app: Flask, hub: Node, alice: Actor) -> None:
    object.__setattr__(hub.settings, "require_two_factor", "admin")
    browser = app.test_client()
    page = sign_in(browser, ALICE)
    assert browser.get_cookie("session") is None
    form = hidden(page.text)
    wrong = browser.post("/sign-in/enrol", data={**form, "code": "000000"})
    assert shown_key(wrong.text) == shown_key(page.text)
    done = browser.post("/sign-in/enrol", data={**form, "code": app_code(shown_key(page.text))})
    assert "Recovery codes" in done.text
    assert browser.get("/account").status_code == 200
    assert "Your role must have it" in browser.get("/account").text
    assert send(browser, "/account/two-factor/off", password=PASSWORD).status_code == 403
    assert two_factor.is_on(hub, alice)


def test_it_is_turned_off_by_password_and_recovery_codes_are_renewed(
    office: FlaskClient, hub: Node, alice: Actor
) -> None:
    begun = send(office, "/account/two-factor", password=PASSWORD).text
    send(office, "/account/two-factor/confirm", code=app_code(shown_key(begun)))
    assert send(office, "/account/two-factor/recovery-codes", password="wrong").status_code == 400
    assert "Recovery codes" in send(office, "/account/two-factor/recovery-codes", password=PASSWORD).text
    assert send(office, "/account/two-factor/off", password="wrong").status_code == 400
    assert two_factor.is_on(hub, alice)
    assert send(office, "/account/two-factor/off", password=PASSWORD).status_code == 303
    assert not two_factor.is_on(hub, alice)


def test_alice_ends_one_session_and_then_all_others(app: Flask, office: FlaskClient, hub: Node, alice: Actor) -> None:
    tokens = [signing_in.create_session(hub, ALICE, PASSWORD).token for _ in range(2)]
    handle = re.findall(r'name="session" value="([0-9a-f]{16})"', office.get("/account").text)[0]
    assert send(office, "/account/sessions/end", session=handle).status_code == 303
    assert sum(signing_in.find_session(hub, token) is None for token in tokens) == 1
    send(office, "/account/sessions/end")
    assert all(signing_in.find_session(hub, token) is None for token in tokens)
    assert office.get("/account").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/account/password",
        "/account/two-factor",
        "/account/two-factor/confirm",
        "/account/two-factor/off",
        "/account/two-factor/recovery-codes",
        "/account/sessions/end",
        "/people",
        "/people/1/roles",
        "/people/1/roles/end",
        "/people/1/reset-link",
        "/people/1/two-factor/off",
        "/people/1/end",
    ],
)
def test_nothing_changes_without_the_word_of_our_own_page(office: FlaskClient, hub: Node, path: str) -> None:
    form = {
        "password": PASSWORD,
        "old": PASSWORD,
        "new": NEW,
        "name": "Eve",
        "email": "eve@example.org",
        "role": "admin",
    }
    for extra, headers in (({}, {}), ({"__csrf": csrf_of(office)}, {"Origin": "https://evil.example"})):
        answer = office.post(path, data={**form, **extra}, headers=headers)
        assert answer.status_code == 403
        assert "Nothing was changed" in answer.text
