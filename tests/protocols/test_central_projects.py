"""Projects over ODK Central's REST: several on one node, each with what is its own."""

import pytest
from flask.testing import FlaskClient

from sync_server.core.roles import ADMIN, APP_USER, MANAGER, PROTECTION, VIEWER
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.services import consumers, devices, public_links
from sync_server.services.list_quarantine import list_quarantine
from sync_server.services.publish_form import publish_form
from sync_server.store import audits, forms
from tests.protocols.conftest import Publish, Tablet, make_form, make_submission
from tests.protocols.office_desk import Desk, sit_down
from tests.protocols.received import stored
from tests.support.people import add_person, give_role


@pytest.fixture
def alice(hub: Node, client: FlaskClient) -> Desk:
    return sit_down(hub, client, "root", Grant(ADMIN))


def add_tablet(hub: Node, client: FlaskClient, project_id: int) -> Tablet:
    actor, token = devices.add_device(hub, None, "tablet", project_id)
    return Tablet(client, actor, token, f"/v1/key/{token}/projects/{project_id}")


def test_a_project_is_made_named_set_aside_and_taken_away(hub: Node, alice: Desk) -> None:
    made = alice.post("/projects", {"name": " Nineveh ", "description": "North"})
    assert (made["name"], made["description"], made["keyId"], made["archived"]) == ("Nineveh", "North", None, None)
    path = f"/projects/{made['id']}"
    changed = alice.call("PATCH", path, json={"archived": True})[1]
    assert (changed["name"], changed["description"], changed["archived"]) == ("Nineveh", "North", True)
    assert [p["name"] for p in alice.get("/projects")] == ["Community Policing Forums", "Nineveh"]
    alice.call("PATCH", path, json={"name": "Anbar", "archived": False})
    assert [p["name"] for p in alice.get("/projects")] == ["Anbar", "Community Policing Forums"]
    assert alice.call("DELETE", path) == (200, {"success": True})
    assert [alice.code(method, path) for method in ("GET", "DELETE")] == [404.1, 404.1]
    with hub.database.read() as session:
        said = [audit.act.action for audit in audits.iter_audits(session, action="project")]
    assert said == ["project.delete", "project.update", "project.update", "project.create"]


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, 400.2), ({"name": " "}, 400.2), ({"name": 5}, 400.2), ({"name": "x" * 501}, 400.8), ([], 400.1)],
)
def test_a_project_needs_a_name(alice: Desk, body: object, code: float) -> None:
    assert alice.code("POST", "/projects", body) == code
    assert len(alice.get("/projects")) == 1


def test_everybody_lists_what_they_have_something_in(
    hub: Node, client: FlaskClient, alice: Desk, publish: Publish
) -> None:
    other = alice.post("/projects", {"name": "Other"})["id"]
    publish("visit")
    publish("second")
    vera = sit_down(hub, client, "vera", Grant(VIEWER, 1, "visit"))
    assert Desk(client).get("/projects") == []
    assert [p["id"] for p in vera.get("/projects")] == [1]
    assert sit_down(hub, client, "nobody").get("/projects") == []
    assert vera.code("GET", f"/projects/{other}") == vera.code("GET", "/projects/99") == 404.1
    (mine,) = vera.get("/projects?forms=true&datasets=true", extended=True)
    assert ([form["xmlFormId"] for form in mine["formList"]], mine["forms"], mine["appUsers"]) == (["visit"], 1, 0)
    assert "verbs" not in mine
    assert mine["datasetList"] == []


def test_extended_tells_what_is_in_a_project_and_what_one_may(
    hub: Node, alice: Desk, tablet: Tablet, publish: Publish
) -> None:
    publish("visit")
    tablet.send(make_submission("uuid:1"))
    consumers.catch_up(hub)
    shown = alice.get("/projects/1", extended=True)
    assert (shown["forms"], shown["appUsers"], shown["datasets"]) == (1, 1, 0)
    assert shown["lastSubmission"] is not None
    assert "form.create" in shown["verbs"]
    assert "verbs" not in alice.get("/projects/1")


def test_two_projects_with_one_form_and_one_submission_know_nothing_of_each_other(
    hub: Node, client: FlaskClient, alice: Desk, publish: Publish
) -> None:
    publish("visit")
    other = alice.post("/projects", {"name": "Other"})["id"]
    publish_form(hub, None, make_form("visit", "1", "Theirs"), project_id=other, ignore_warnings=True)
    for project_id, title in ((1, "Visit"), (other, "Theirs")):
        tablet = add_tablet(hub, client, project_id)
        assert f"<name>{title}</name>" in tablet.get("/formList").text
        assert tablet.send(make_submission("uuid:1")).status_code == 201
        away = 1 if project_id == other else other
        assert client.get(f"/v1/key/{tablet.token}/projects/{away}/formList").status_code == 403
    consumers.catch_up(hub)
    for project_id in (1, other):
        status, _ = alice.call("GET", f"/projects/{project_id}/forms/visit/submissions.csv.zip")
        assert status == 200
        assert alice.get(f"/projects/{project_id}", extended=True)["lastSubmission"] is not None
    assert list(list_quarantine(hub, None)) == []
    assert len(stored(hub).receipts) == 2
    mona = sit_down(hub, client, "mona", Grant(MANAGER, other))
    assert [form["name"] for form in mona.get(f"/projects/{other}/forms")] == ["Theirs"]
    assert mona.code("GET", "/projects/1/forms/visit") == 404.1


def test_what_a_tablet_sends_for_a_deleted_project_is_kept_and_waits(
    hub: Node, client: FlaskClient, alice: Desk
) -> None:
    other = alice.post("/projects", {"name": "Other"})["id"]
    publish_form(hub, None, make_form("visit", "1"), project_id=other, ignore_warnings=True)
    tablet = add_tablet(hub, client, other)
    alice.call("DELETE", f"/projects/{other}")
    assert tablet.get("/formList").status_code == 404
    answer = tablet.send(make_submission("uuid:1"))
    assert (answer.status_code, "coordinator" in answer.text) == (201, True)
    headers = {"Authorization": f"Bearer {alice.token}", "X-OpenRosa-Version": "1.0"}
    assert client.head(f"/v1/projects/{other}/submission", headers=headers).status_code == 204
    assert alice.code("GET", f"/projects/{other}/forms/visit") == 404.1


def test_put_sets_project_forms_and_who_has_them_at_once(hub: Node, alice: Desk, publish: Publish) -> None:
    publish("visit")
    publish("other")
    one, two = (devices.add_device(hub, None, name, 1, has_all_forms=False)[0] for name in ("one", "two"))
    pat = add_person(hub, "pat", Grant(PROTECTION, 1, "visit"))
    link = public_links.add_link(hub, None, 1, "visit", "link").link.actor
    give_role(hub, one, APP_USER, 1, "visit")
    wanted = [
        {"xmlFormId": "visit", "state": "closing", "assignments": [{"actorId": two.id, "roleId": 2}]},
        {"xmlFormId": "other"},
    ]
    status, answer = alice.call("PUT", "/projects/1", json={"name": "New", "forms": wanted})
    assert (status, answer["name"], answer["description"]) == (200, "New", None)
    has = {(a["actorId"], a["roleId"]) for a in alice.get("/projects/1/forms/visit/assignments")}
    assert has == {(two.id, 2), (pat.id, 103), (link.id, 9)}
    assert [form["state"] for form in alice.get("/projects/1/forms")] == ["open", "closing"]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ([], 501.2),
        ([{"xmlFormId": "visit"}], 501.2),
        ([{"xmlFormId": "visit"}, {"xmlFormId": "nowhere"}], 501.2),
        ([{"xmlFormId": "visit"}, {"xmlFormId": "visit"}], 400.8),
        ([{"xmlFormId": "visit", "state": "ajar"}, {"xmlFormId": "other"}], 400.8),
        ([{"xmlFormId": "visit", "assignments": [{"roleId": 2}]}, {"xmlFormId": "other"}], 400.2),
        ([{"xmlFormId": "visit", "assignments": [{"actorId": 1, "roleId": 77}]}, {"xmlFormId": "other"}], 400.14),
        ([{"xmlFormId": "visit", "assignments": [{"actorId": 999, "roleId": 2}]}, {"xmlFormId": "other"}], 400.14),
    ],
)
def test_put_does_all_or_nothing(hub: Node, alice: Desk, publish: Publish, wanted: object, code: float) -> None:
    publish("visit")
    publish("other")
    assert alice.code("PUT", "/projects/1", {"name": "New", "forms": wanted}) == code
    assert alice.get("/projects/1")["name"] == "Community Policing Forums"
    with hub.database.read() as session:
        assert {form.state for form in forms.iter_forms(session, 1)} == {"open"}


def test_a_manager_puts_no_role_they_could_not_give(hub: Node, client: FlaskClient, publish: Publish) -> None:
    publish("visit")
    mona = sit_down(hub, client, "mona", Grant(MANAGER, 1))
    assert mona.actor is not None
    holders = [{"actorId": mona.actor.id, "roleId": 103}]
    body = {"name": "New", "forms": [{"xmlFormId": "visit", "assignments": holders}]}
    assert mona.code("PUT", "/projects/1", body) == 403.1
    assert mona.get("/projects/1")["name"] == "Community Policing Forums"
