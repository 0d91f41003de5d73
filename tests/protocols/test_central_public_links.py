"""Public links over ODK Central's REST, and what a link's token opens: one form, and nothing else."""

import pytest
from flask.testing import FlaskClient

from sync_server.core.roles import ADMIN
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.store import audits
from tests.protocols.conftest import Publish, Tablet, make_submission
from tests.protocols.office_desk import Desk, sit_down
from tests.protocols.received import stored

LINKS = "/projects/1/forms/visit/public-links"


@pytest.fixture
def alice(hub: Node, client: FlaskClient, publish: Publish) -> Desk:
    publish("visit", **{"list.csv": b"name,label"})
    publish("other", **{"list.csv": b"name,label"})
    return sit_down(hub, client, "root", Grant(ADMIN))


def hold(client: FlaskClient, token: str) -> Tablet:
    return Tablet(client, None, token, f"/v1/key/{token}/projects/1")  # type: ignore[arg-type]


def test_a_link_is_made_shown_changed_and_taken_away(hub: Node, alice: Desk) -> None:
    alice.post("/projects/1/actor-properties", {"name": "region"})
    made = alice.post(LINKS, {"displayName": "All", "once": True, "properties": {"region": "North"}})
    assert (made["type"], made["displayName"], made["once"], len(made["token"])) == ("public_link", "All", True, 64)
    path = f"{LINKS}/{made['id']}"
    assert alice.get(LINKS) == [made] == [alice.get(path)]
    shown = alice.get(path, extended=True)
    assert (shown["createdBy"]["displayName"], shown["properties"]) == ("Root", {"region": "North"})
    changed = alice.call("PATCH", path, json={"properties": {"region": None}})[1]
    assert changed["properties"] is None
    assert alice.call("DELETE", path) == (200, {"success": True})
    assert alice.code("GET", path) == alice.code("DELETE", path) == 404.1
    assert alice.get(LINKS) == []
    with hub.database.read() as session:
        said = [audit.act.action for audit in audits.iter_audits(session, action="public_link")]
    expected = ["public_link.delete", "public_link.property.set", "public_link.property.set", "public_link.create"]
    assert sorted(said) == sorted(expected)


@pytest.mark.parametrize("way", ["path", "st"])
def test_its_token_opens_its_form_and_takes_what_is_sent(hub: Node, client: FlaskClient, alice: Desk, way: str) -> None:
    token = alice.post(LINKS, {"displayName": "All"})["token"]
    base = f"/v1/key/{token}/projects/1" if way == "path" else "/v1/projects/1"
    query = {} if way == "path" else {"st": token}
    listed = client.get(f"{base}/formList", query_string=query)
    assert (listed.status_code, listed.text.count("<xform>")) == (200, 1)
    for address in ("forms/visit.xml", "forms/visit/manifest"):
        assert client.get(f"{base}/{address}", query_string=query).status_code == 200
        other = client.get(f"{base}/{address.replace('visit', 'other')}", query_string=query)
        assert other.status_code == 404
    assert hold(client, token).get("/forms/visit/attachments/list.csv").data == b"name,label"
    assert hold(client, token).get("/forms/other/attachments/list.csv").status_code == 404
    hold(client, token).send(make_submission("uuid:1"))
    hold(client, token).send(make_submission("uuid:2", form_id="other"))
    assert [receipt["held_for"] for receipt in stored(hub).receipts] == [None, "not_assigned"]


def test_it_opens_nothing_that_people_use(client: FlaskClient, alice: Desk) -> None:
    link = Desk(client, alice.post(LINKS, {"displayName": "All"})["token"])
    for path in ("/projects/1/forms", LINKS, "/projects/1/app-users", "/assignments", "/projects/1/assignments"):
        assert link.code("GET", path) in (403.1, 404.1)
    assert link.get("/projects") == []


def test_what_is_sent_by_a_revoked_link_is_kept_and_waits(hub: Node, client: FlaskClient, alice: Desk) -> None:
    made = alice.post(LINKS, {"displayName": "All"})
    link = hold(client, made["token"])
    assert alice.call("DELETE", f"/sessions/{made['token']}") == (200, {"success": True})
    assert alice.get(f"{LINKS}/{made['id']}")["token"] is None
    assert link.get("/formList").status_code == 403
    answer = link.send(make_submission("uuid:1"))
    assert (answer.status_code, "coordinator" in answer.text) == (201, True)
    assert stored(hub).receipts[0]["is_revoked"]
    alice.call("DELETE", f"{LINKS}/{made['id']}")
    assert link.send(make_submission("uuid:2")).status_code == 201


def test_links_of_another_form_and_of_none_are_not_there(alice: Desk) -> None:
    made = alice.post(LINKS, {"displayName": "All"})
    for path in (f"/projects/1/forms/other/public-links/{made['id']}", f"{LINKS}/1", f"{LINKS}/99999"):
        assert [alice.code(method, path, {}) for method in ("GET", "PATCH", "DELETE")] == [404.1] * 3
    assert alice.code("POST", "/projects/1/forms/nowhere/public-links", {"displayName": "x"}) == 404.1
    assert alice.code("GET", "/projects/99/forms/visit/public-links") == 404.1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 400.2),
        ({"displayName": "x", "once": "yes"}, 400.8),
        ({"displayName": "x", "properties": {"region": "North"}}, 400.23),
        ({"displayName": "x", "properties": {"region": 7}}, 400.8),
        ({"displayName": "x", "properties": ["region"]}, 400.8),
    ],
)
def test_what_cannot_be_makes_no_link(alice: Desk, body: object, code: float) -> None:
    assert alice.code("POST", LINKS, body) == code
    assert alice.get(LINKS) == []
