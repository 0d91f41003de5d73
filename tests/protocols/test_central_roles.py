"""Roles and assignments over ODK Central's REST: what a role is, who has it where, and who may hand it out."""

import pytest
from flask.testing import FlaskClient

from sync_server.core.roles import ADMIN, MANAGER, VIEWER
from sync_server.core.scope import Grant
from sync_server.core.sensitivity import Level
from sync_server.node import Node
from sync_server.services import access, devices, projects, public_links
from sync_server.store import audits
from tests.protocols.conftest import Publish, Tablet
from tests.protocols.office_desk import Desk, sit_down
from tests.support.people import add_person


@pytest.fixture
def alice(hub: Node, client: FlaskClient) -> Desk:
    return sit_down(hub, client, "root", Grant(ADMIN))


@pytest.fixture
def mona(hub: Node, client: FlaskClient) -> Desk:
    return sit_down(hub, client, "mona", Grant(MANAGER, 1))


def test_anybody_may_look_up_what_roles_may_do(client: FlaskClient) -> None:
    stranger = Desk(client)
    roles = {role["system"]: role for role in stranger.get("/roles")}
    assert (roles["admin"]["id"], roles["app-user"]["id"], roles["manager"]["id"]) == (1, 2, 5)
    assert stranger.get("/roles/2") == stranger.get("/roles/app-user") == roles["app-user"]
    assert "answer.severe.read" in stranger.get("/roles/protection")["verbs"]
    for unknown in ("99", "nobody", "9" * 40, "٢"):
        assert stranger.code("GET", f"/roles/{unknown}") == 404.1


def test_a_role_is_given_listed_and_taken_on_the_site_a_project_and_a_form(
    hub: Node, alice: Desk, publish: Publish
) -> None:
    publish("visit")
    bob = add_person(hub, "ben")
    for place in ("", "/projects/1", "/projects/1/forms/visit"):
        assert alice.post(f"{place}/assignments/viewer/{bob.id}") == {"success": True}
        assert {"actorId": bob.id, "roleId": 6} in alice.get(f"{place}/assignments")
        assert [actor["id"] for actor in alice.get(f"{place}/assignments/6")] == [bob.id]
        (mine,) = [a for a in alice.get(f"{place}/assignments", extended=True) if a["roleId"] == 6]
        assert mine["actor"]["displayName"] == "Ben"
    assert alice.get("/projects/1/assignments/forms") == [{"actorId": bob.id, "roleId": 6, "xmlFormId": "visit"}]
    assert alice.get("/projects/1/assignments/forms/app-user") == []
    for place in ("", "/projects/1", "/projects/1/forms/visit"):
        assert alice.call("DELETE", f"{place}/assignments/viewer/{bob.id}") == (200, {"success": True})
        assert alice.code("DELETE", f"{place}/assignments/viewer/{bob.id}") == 404.1
    with hub.database.read() as session:
        said = [a.act.action for a in audits.iter_audits(session) if "assignment" in a.act.action and a.act.actor_id]
    assert said == ["user.assignment.delete"] * 3 + ["user.assignment.create"] * 3


def test_a_role_is_narrowed_in_the_query_or_the_body_and_the_list_shows_it(hub: Node, alice: Desk) -> None:
    ben, place = add_person(hub, "ben"), "/projects/1/assignments"
    rows = "#adm2+code eq 'IQ-NI-03' and not (age lt 18)"
    alice.post(f"{place}/mne/{ben.id}", {"rows": rows, "level": "high"})
    view = access.find_view(hub, ben, 1, "visit")
    assert view is not None
    assert (view.rows, view.level) == ((rows,), Level.HIGH)
    assert {"actorId": ben.id, "roleId": 102, "rows": rows, "level": "high"} in alice.get(place)
    alice.post(f"{place}/mne/{ben.id}?rows=a%20eq%201&level=low")
    assert {"actorId": ben.id, "roleId": 102, "rows": "a eq 1", "level": "low"} in alice.get(place)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"rows": "meeting/adm2 eq"}, 400.18),
        ({"rows": "meeting/adm2 = 'x'"}, 400.18),
        ({"rows": "a eq 1) or (b eq 2"}, 400.18),
        ({"rows": "a eq 'x"}, 400.18),
        ({"rows": "(" * 5000 + "a eq 1" + ")" * 5000}, 400.18),
        ({"rows": ["a eq 1"]}, 400.8),
        ({"level": "secret"}, 400.8),
        ({"level": "severe"}, 400.8),
        (["rows"], 400.1),
    ],
)
def test_what_cannot_be_read_grants_nothing(hub: Node, alice: Desk, given: object, code: float) -> None:
    ben = add_person(hub, "ben")
    assert alice.code("POST", f"/projects/1/assignments/mne/{ben.id}", given) == code
    assert not access.scope_of(hub, ben).grants


def test_nobody_hands_out_more_than_they_hold(hub: Node, client: FlaskClient, mona: Desk) -> None:
    ben = add_person(hub, "ben")
    mona.post(f"/projects/1/assignments/viewer/{ben.id}")
    for role in ("admin", "protection", "peer", "initbkup"):
        assert mona.code("POST", f"/projects/1/assignments/{role}/{ben.id}") == 403.1
    assert mona.code("POST", f"/assignments/viewer/{ben.id}") == 403.1
    district = Grant(MANAGER, 1, None, "a eq 1", Level.MODERATE)
    narrow = sit_down(hub, client, "narrow", district)
    assert narrow.code("POST", f"/projects/1/assignments/viewer/{ben.id}") == 403.1
    assert narrow.code("POST", f"/projects/1/assignments/coordinator/{ben.id}?rows=a%20eq%201") == 403.1
    narrow.post(f"/projects/1/assignments/viewer/{ben.id}?rows=a%20eq%201")


def test_an_administrator_of_the_site_gives_protection(hub: Node, alice: Desk) -> None:
    ben = add_person(hub, "ben")
    alice.post(f"/projects/1/assignments/protection/{ben.id}")
    view = access.find_view(hub, ben, 1, "visit")
    assert view is not None
    assert view.level is Level.SEVERE


def test_what_belongs_elsewhere_is_as_if_it_were_not_there(
    hub: Node, alice: Desk, mona: Desk, tablet: Tablet, publish: Publish
) -> None:
    publish("visit")
    publish("other")
    other = projects.add_project(hub, None, "Other")
    stranger, _ = devices.add_device(hub, None, "theirs", other.id, has_all_forms=False)
    link = public_links.add_link(hub, None, 1, "visit", "link").link.actor
    for path in (
        f"/projects/1/assignments/app-user/{stranger.id}",
        f"/projects/1/forms/visit/assignments/app-user/{stranger.id}",
        f"/projects/1/forms/other/assignments/pub-link/{link.id}",
        f"/projects/1/forms/nowhere/assignments/app-user/{tablet.actor.id}",
        "/projects/1/assignments/viewer/99999",
        f"/projects/99/assignments/viewer/{tablet.actor.id}",
    ):
        assert alice.code("POST", path) == 404.1, path
    for path in (f"/projects/{other.id}/assignments", "/projects/99/assignments"):
        assert mona.code("GET", path) == 404.1
    assert mona.call("GET", f"/projects/{other.id}/assignments") == mona.call("GET", "/projects/99/assignments")


def test_the_last_administrator_stays(hub: Node, alice: Desk) -> None:
    assert alice.actor is not None
    path = f"/assignments/admin/{alice.actor.id}"
    assert alice.code("DELETE", path) == 409.121
    second = add_person(hub, "second", Grant(ADMIN))
    assert alice.call("DELETE", path)[0] == 200
    assert alice.code("GET", "/assignments") == 403.1
    assert access.may(hub, second, "user.create")


def test_a_viewer_of_one_form_may_not_list_who_has_it(hub: Node, client: FlaskClient, publish: Publish) -> None:
    publish("visit")
    vera = sit_down(hub, client, "vera", Grant(VIEWER, 1, "visit"))
    assert vera.code("GET", "/projects/1/forms/visit/assignments") == 403.1
    assert vera.code("GET", "/projects/1/forms/other/assignments") == 404.1
