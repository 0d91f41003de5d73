"""Signing in and out: who gets in, what the cookie is like, and what another site's page cannot do."""

import pytest
from flask.testing import FlaskClient

from sync_server.store.accounts import Actor
from tests.web.conftest import csrf_of, sign_in


def test_alice_signs_in_and_out(visitor: FlaskClient, alice: Actor) -> None:
    assert sign_in(visitor, " Alice@Example.org ").location == "/"
    assert "Alice" in visitor.get("/").text

    assert visitor.post("/sign-out", data={"__csrf": csrf_of(visitor)}).status_code == 303
    assert "Alice" not in visitor.get("/").text


def test_wrong_password_is_said_without_saying_which_part_was_wrong(visitor: FlaskClient, alice: Actor) -> None:
    wrong = sign_in(visitor, "alice@example.org", "guess")
    unknown = sign_in(visitor, "nobody@example.org", "guess")

    assert wrong.status_code == unknown.status_code == 401
    assert "The user name or the password is not right." in wrong.text
    assert wrong.text.replace("alice@", "nobody@") == unknown.text
    assert "guess" not in wrong.text


def test_cookie_stays_out_of_reach(visitor: FlaskClient, alice: Actor) -> None:
    cookie = sign_in(visitor, "alice@example.org").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie

    over_tls = visitor.post(
        "/sign-in",
        data={"email": "alice@example.org", "password": "correct horse battery"},
        base_url="https://hub.example.org",
    ).headers["Set-Cookie"]
    assert "Secure" in over_tls
    assert over_tls.startswith("__Host-")


def test_sixth_guess_has_to_wait_even_with_the_right_password(visitor: FlaskClient, alice: Actor) -> None:
    for _ in range(5):
        assert sign_in(visitor, "alice@example.org", "guess").status_code == 401

    answer = sign_in(visitor, "alice@example.org")
    assert answer.status_code == 429
    assert "Wait 5 min" in answer.text


def test_sign_in_leads_back_to_where_one_wanted_to_go(visitor: FlaskClient, alice: Actor) -> None:
    asked = visitor.get("/devices/7")
    assert asked.location == "/sign-in?next=/devices/7"

    assert sign_in(visitor, "alice@example.org", next="/devices/7").location == "/devices/7"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "/\n/evil.example", ""]
)
def test_sign_in_never_leads_to_another_site(visitor: FlaskClient, alice: Actor, elsewhere: str) -> None:
    assert sign_in(visitor, "alice@example.org", next=elsewhere).location == "/"


def test_other_sites_page_cannot_sign_anybody_in(visitor: FlaskClient, alice: Actor) -> None:
    form = {"email": "alice@example.org", "password": "correct horse battery"}

    answer = visitor.post("/sign-in", data=form, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
    assert visitor.post("/sign-in", data=form, headers={"Origin": "http://localhost"}).status_code == 303


@pytest.mark.parametrize("path", ["/sign-out", "/devices", "/devices/1/revoke"])
@pytest.mark.parametrize("form", [{}, {"__csrf": ""}, {"__csrf": "ünknown"}, {"__csrf": "0" * 64}])
def test_nothing_changes_without_the_word_of_our_own_page(office: FlaskClient, path: str, form: dict[str, str]) -> None:
    answer = office.post(path, data={"name": "Tablet", **form})

    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text
    assert "Tablets of this server" not in office.get("/").text


def test_form_with_our_word_from_another_site_is_refused(office: FlaskClient) -> None:
    form = {"name": "Tablet", "__csrf": csrf_of(office)}

    assert office.post("/devices", data=form, headers={"Origin": "https://evil.example"}).status_code == 403
