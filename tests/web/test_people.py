"""The administrator's page about people: add, find, give roles, hand a code over, end access; for nobody else."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sync_server.core.roles import MANAGER
from sync_server.core.scope import Grant
from sync_server.core.sensitivity import Level
from sync_server.node import Node
from sync_server.services import access, sign_in, two_factor
from sync_server.store.accounts import Actor
from tests.support.codes import enrol
from tests.support.people import add_person
from tests.web.conftest import PASSWORD, csrf_of
from tests.web.conftest import sign_in as enter

NEW = "another good one for sara"


@pytest.fixture
def office(app: Flask, alice: Actor) -> FlaskClient:
    """Alice's browser, signed in, beside others: one that keeps its context would share it with them."""
    client = app.test_client()
    assert enter(client, "alice@example.org").status_code == 303
    return client


def send(client: FlaskClient, path: str, **form: str):  # type: ignore[no-untyped-def]
    return client.post(path, data={"__csrf": csrf_of(client), **form})


def shown_code(page: str) -> str:
    found = re.search(r'id="code">([a-z0-9-]{24})<', page)
    assert found
    return found[1]


def test_somebody_is_added_with_a_role_and_sets_their_own_password(app: Flask, office: FlaskClient, hub: Node) -> None:
    added = send(
        office, "/people", name="Sara", email="Sara@example.org", role="mne", project="1", level="high",
        districts="IQ-NI-03، IQ-NI-04",
    )  # fmt: skip
    code = shown_code(added.text)
    assert f"/reset#{code}" in added.text
    assert "no-store" in added.headers["Cache-Control"]
    assert code not in office.get("/people").text

    browser = app.test_client()
    assert "does not" not in browser.get("/reset").text
    easy = browser.post("/reset", data={"code": code, "new": "password123456"})
    assert easy.status_code == 400
    assert browser.post("/reset", data={"code": f"http://hub/reset#{code}", "new": NEW}).location.startswith("/sign-in")
    assert browser.get_cookie("session") is None
    replayed = browser.post("/reset", data={"code": code, "new": NEW})
    assert replayed.status_code == 403
    assert "was used before" in replayed.text
    assert enter(browser, "sara@example.org", NEW).status_code == 303
    (grant,) = access.scope_of(hub, sign_in.check_password(hub, "sara@example.org", NEW)).grants
    assert (grant.role.system, grant.project_id, grant.level) == ("mne", 1, Level.HIGH)
    assert grant.rows == "#adm2+code eq 'IQ-NI-03' or #adm2+code eq 'IQ-NI-04'"


def test_a_role_is_given_and_taken_away(office: FlaskClient, hub: Node) -> None:
    sara = add_person(hub, "sara")
    page = f"/people/{sara.id}"
    assert send(office, f"{page}/roles", role="coordinator", project="1").status_code == 303
    assert "Coordinator" in office.get(page).text
    assert send(office, f"{page}/roles", role="viewer", project="1", form="unknown").status_code == 404
    assert "Coordinator" in office.get("/people").text
    assert send(office, f"{page}/roles", role="coordinator", project="99").status_code == 404
    assert send(office, f"{page}/roles", role="coordinator", project="x").status_code == 400
    assert send(office, f"{page}/roles/end", role="coordinator", project="1").status_code == 303
    assert access.scope_of(hub, sara).grants == ()


def test_roles_of_machines_are_not_given_to_people(office: FlaskClient, hub: Node) -> None:
    sara = add_person(hub, "sara")
    for role in ("peer", "app-user", "pub-link", "nobody", "1"):
        send(office, f"/people/{sara.id}/roles", role=role, project="1")
    assert access.scope_of(hub, sara).grants == ()


def test_the_last_administrator_stays(office: FlaskClient, alice: Actor) -> None:
    kept = send(office, f"/people/{alice.id}/roles/end", role="admin")
    assert kept.status_code == 409
    assert "last administrator" in kept.text
    assert send(office, f"/people/{alice.id}/end").status_code == 409


def test_access_is_ended_and_a_lost_phone_is_helped(office: FlaskClient, hub: Node) -> None:
    sara = add_person(hub, "sara")
    enrol(hub, sara)
    assert send(office, f"/people/{sara.id}/two-factor/off").status_code == 303
    assert not two_factor.is_on(hub, sara)
    session = sign_in.create_session(hub, "sara@example.org", PASSWORD)
    assert send(office, f"/people/{sara.id}/end").status_code == 303
    assert sign_in.find_session(hub, session.token) is None
    assert "sara@example.org" not in office.get("/people").text
    assert office.get(f"/people/{sara.id}").status_code == 404


def test_people_are_found_by_name(office: FlaskClient, hub: Node) -> None:
    add_person(hub, "sara")
    assert "sara@example.org" in office.get("/people?q=SAR").text
    assert "Nobody by that name" in office.get("/people?q=zzz").text


@pytest.mark.parametrize("name", ["bob", "manager"])
def test_nobody_else_sees_people_or_the_link_to_them(app: Flask, hub: Node, alice: Actor, name: str) -> None:
    add_person(hub, name, *([Grant(MANAGER, 1)] if name == "manager" else []))
    browser = app.test_client()
    enter(browser, f"{name}@example.org")
    assert 'href="/people"' not in browser.get("/").text
    for path in ("/people", f"/people/{alice.id}", "/people/999"):
        assert browser.get(path).status_code == 403
    for path in ("/people", f"/people/{alice.id}/reset-link", f"/people/{alice.id}/end", f"/people/{alice.id}/roles"):
        assert browser.post(path, data={"__csrf": csrf_of(browser, "/account")}).status_code == 403


def test_names_cannot_bring_markup(office: FlaskClient, hub: Node) -> None:
    added = send(office, "/people", name="<script>x</script>", email="x@example.org", role="")
    for page in (added.text, office.get("/people").text, office.get("/people?q=<script>").text):
        assert "<script>" not in page
