"""App users, and what a project notes of them, over ODK Central's REST."""

import pytest
from flask.testing import FlaskClient

from sync_server.core.roles import ADMIN, COORDINATOR, MANAGER
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.services import devices, projects
from sync_server.store import audits
from tests.protocols.conftest import Publish, Tablet, make_submission
from tests.protocols.office_desk import Desk, sit_down
from tests.protocols.received import stored

USERS, PROPERTIES = "/projects/1/app-users", "/projects/1/actor-properties"


@pytest.fixture
def alice(hub: Node, client: FlaskClient) -> Desk:
    return sit_down(hub, client, "root", Grant(ADMIN))


def hold(client: FlaskClient, token: str) -> Tablet:
    return Tablet(client, None, token, f"/v1/key/{token}/projects/1")  # type: ignore[arg-type]


def test_a_new_tablet_has_no_form_and_gets_each_at_once(client: FlaskClient, alice: Desk, publish: Publish) -> None:
    publish("visit")
    publish("other")
    made = alice.post(USERS, {"displayName": "Tablet 7"})
    tablet = hold(client, made["token"])
    assert tablet.get("/formList").text.count("<xform>") == 0
    alice.post(f"/projects/1/forms/visit/assignments/app-user/{made['id']}")
    assert tablet.get("/formList").text.count("<xform>") == 1
    alice.post(f"/projects/1/assignments/2/{made['id']}")
    assert tablet.get("/formList").text.count("<xform>") == 2
    alice.call("DELETE", f"/projects/1/assignments/2/{made['id']}")
    assert tablet.get("/formList").text.count("<xform>") == 1


def test_it_is_listed_with_what_is_known_of_it(client: FlaskClient, alice: Desk) -> None:
    alice.post(PROPERTIES, {"name": "region"})
    made = alice.post(USERS, {"displayName": "Tablet 7", "properties": {"region": "North"}})
    assert alice.get(USERS) == [made] == [alice.get(f"{USERS}/{made['id']}")]
    (shown,) = alice.get(USERS, extended=True)
    assert (shown["createdBy"]["displayName"], shown["lastUsed"]) == ("Root", None)
    assert shown["properties"] == {"region": "North"}
    hold(client, made["token"]).get("/formList")
    assert alice.get(f"{USERS}/{made['id']}", extended=True)["lastUsed"] is not None
    changed = alice.call("PATCH", f"{USERS}/{made['id']}", json={"properties": {"region": "South"}})[1]
    assert changed["properties"] == {"region": "South"}
    assert alice.get(PROPERTIES, extended=True) == [{"name": "region", "values": ["South"]}]
    alice.call("PATCH", f"{USERS}/{made['id']}", json={"properties": {"region": None}})
    assert alice.get(f"{USERS}/{made['id']}", extended=True)["properties"] is None


def test_a_deleted_tablet_is_gone_and_what_it_sends_is_kept(hub: Node, client: FlaskClient, alice: Desk) -> None:
    made = alice.post(USERS, {"displayName": "Tablet 7"})
    assert alice.call("DELETE", f"{USERS}/{made['id']}") == (200, {"success": True})
    assert alice.code("GET", f"{USERS}/{made['id']}") == 404.1
    assert alice.get(USERS) == []
    assert hold(client, made["token"]).send(make_submission()).status_code == 201
    assert stored(hub).receipts[0]["is_revoked"]


def test_who_could_not_make_a_tablet_does_not_see_its_token(hub: Node, client: FlaskClient, alice: Desk) -> None:
    alice.post(USERS, {"displayName": "Tablet 7"})
    cora = sit_down(hub, client, "cora", Grant(COORDINATOR, 1))
    assert [user["token"] for user in cora.get(USERS)] == [None]
    assert cora.code("POST", USERS, {"displayName": "x"}) == 403.1


def test_tablets_of_another_project_are_not_there(hub: Node, client: FlaskClient, alice: Desk) -> None:
    other = projects.add_project(hub, None, "Other").id
    theirs, _ = devices.add_device(hub, None, "theirs", other)
    mona = sit_down(hub, client, "mona", Grant(MANAGER, 1))
    for desk in (alice, mona):
        for path in (f"{USERS}/{theirs.id}", f"{USERS}/99999"):
            assert [desk.code(method, path, {}) for method in ("GET", "PATCH", "DELETE")] == [404.1] * 3
    for path in (f"/projects/{other}/app-users", "/projects/99/app-users"):
        assert [mona.code(method, path, {"displayName": "x"}) for method in ("GET", "POST")] == [404.1] * 2


@pytest.mark.parametrize("name", ["", " ", "1st", "a b", "displayName", "DISPLAYNAME", "x" * 101, "a/b", "a\n"])
def test_what_is_no_name_is_no_property(alice: Desk, name: str) -> None:
    assert alice.code("POST", PROPERTIES, {"name": name}) in (400.2, 400.8)
    assert alice.get(PROPERTIES) == []


def test_a_property_is_registered_once_and_before_its_use(hub: Node, alice: Desk) -> None:
    for name in ("region", "ناحية"):
        assert alice.post(PROPERTIES, {"name": name}) == {"success": True}
    assert alice.get(PROPERTIES) == [{"name": "region"}, {"name": "ناحية"}]
    assert alice.code("POST", PROPERTIES, {"name": "region"}) == 409.3
    assert alice.code("POST", USERS, {"displayName": "x", "properties": {"colour": "red"}}) == 400.23
    assert alice.get(USERS) == []
    with hub.database.read() as session:
        assert len(audits.iter_audits(session, action="actor_property.create")) == 2


def test_what_is_done_is_in_the_log_with_the_reason_given(hub: Node, alice: Desk) -> None:
    alice.post(PROPERTIES, {"name": "region"})
    made = alice.post(USERS, {"displayName": "x"})
    headers = {"X-Action-Notes": "moved%20north"}
    alice.call("PATCH", f"{USERS}/{made['id']}", json={"properties": {"region": "N"}}, headers=headers)
    with hub.database.read() as session:
        (newest, *_) = audits.iter_audits(session, action="field_key")
    assert (newest.act.action, newest.act.notes) == ("field_key.property.set", "moved north")
    assert "N" not in newest.act.details.values()
