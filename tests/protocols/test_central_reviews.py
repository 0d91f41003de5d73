"""Administrators look at submissions, review them and comment on them in the shapes of ODK Central."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from sync_server.node import Node
from sync_server.services import sign_in
from sync_server.services.review_submission import comment_submission
from sync_server.store import decisions
from sync_server.store.accounts import Actor
from tests.protocols.conftest import PASSWORD, Tablet
from tests.support.samples import publish, send, submission

ALL = "/v1/projects/1/forms/visit/submissions"
ONE = f"{ALL}/uuid:1"


@pytest.fixture
def as_alice(hub: Node, alice: Actor) -> dict[str, str]:
    return {"Authorization": f"Bearer {sign_in.create_session(hub, 'alice@example.org', PASSWORD).token}"}


@pytest.fixture(autouse=True)
def _visits(hub: Node, tablet: Tablet) -> None:
    publish(hub)
    send(hub, submission("uuid:1"), actor_id=tablet.actor.id)


def edit(hub: Node) -> None:
    xml = submission("uuid:2", edits="uuid:1").replace(b"<meta>", b"<meta><instanceName>third house</instanceName>")
    send(hub, xml, minutes=5, device_id="collect:def")


def test_submission_is_shown_as_central_shows_it(client: FlaskClient, as_alice: dict[str, str], tablet: Tablet) -> None:
    assert client.get(ONE, headers=as_alice).json == {
        "instanceId": "uuid:1",
        "submitterId": tablet.actor.id,
        "deviceId": "collect:abc",
        "userAgent": None,
        "reviewState": None,
        "createdAt": "2026-11-22T09:00:00.000Z",
        "updatedAt": None,
        "deletedAt": None,
        "currentVersion": {
            "instanceId": "uuid:1",
            "instanceName": None,
            "submitterId": tablet.actor.id,
            "deviceId": "collect:abc",
            "userAgent": None,
            "createdAt": "2026-11-22T09:00:00.000Z",
            "current": True,
        },
    }


def test_extended_metadata_names_the_submitter(client: FlaskClient, as_alice: dict[str, str], tablet: Tablet) -> None:
    extended = {**as_alice, "X-Extended-Metadata": "true"}
    submitter = client.get(ONE, headers=extended).json["submitter"]
    assert (submitter["id"], submitter["type"], submitter["displayName"]) == (tablet.actor.id, "field_key", "tablet")
    assert client.get(ALL, headers=extended).json[0]["submitter"] == submitter


def test_edited_submission_keeps_its_name_and_shows_the_edit(
    hub: Node, client: FlaskClient, as_alice: dict[str, str]
) -> None:
    edit(hub)
    shown = client.get(ONE, headers=as_alice).json
    assert (shown["reviewState"], shown["deviceId"]) == ("edited", "collect:abc")
    assert shown["updatedAt"] == shown["currentVersion"]["createdAt"] == "2026-11-22T09:05:00.000Z"
    current = shown["currentVersion"]
    assert (current["instanceId"], current["instanceName"]) == ("uuid:2", "third house")
    assert (current["deviceId"], current["submitterId"]) == ("collect:def", None)


@pytest.mark.parametrize("state", ["approved", "hasIssues", "rejected", "edited", None])
def test_review_state_is_set_and_shown(client: FlaskClient, as_alice: dict[str, str], state: str | None) -> None:
    answer = client.patch(ONE, json={"reviewState": state}, headers=as_alice)
    assert (answer.status_code, answer.json["reviewState"]) == (200, state)
    assert answer.json["updatedAt"] is not None
    assert client.get(ONE, headers=as_alice).json == answer.json
    assert client.get(ALL, headers=as_alice).json == [answer.json]


def test_received_is_written_as_null(client: FlaskClient, as_alice: dict[str, str]) -> None:
    client.patch(ONE, json={"reviewState": "approved"}, headers=as_alice)
    assert client.patch(ONE, json={"reviewState": "received"}, headers=as_alice).json["reviewState"] is None


def test_edit_after_the_review_shows_as_edited(hub: Node, client: FlaskClient, as_alice: dict[str, str]) -> None:
    client.patch(ONE, json={"reviewState": "approved"}, headers=as_alice)
    edit(hub)
    assert client.get(ONE, headers=as_alice).json["reviewState"] == "edited"


def test_action_notes_are_kept_with_the_review(
    hub: Node, client: FlaskClient, as_alice: dict[str, str], alice: Actor
) -> None:
    client.patch(ONE, json={"reviewState": "approved"}, headers={**as_alice, "X-Action-Notes": "seen%20on%20paper"})
    with hub.database.read() as session:
        (decision,) = decisions.iter_decisions(session)
    assert (decision.kind, decision.body, decision.reason) == ("review", {"state": "approved"}, "seen on paper")
    assert decision.author_id == alice.id


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"reviewState": "fine"}, 400, 400.8),
        ({"reviewState": ["approved"]}, 400, 400.8),
        ({"reviewState": 7}, 400, 400.8),
        ({}, 400, 400.2),
        ("approved", 400, 400.1),
    ],
)
def test_what_is_no_review_state_is_refused(
    client: FlaskClient, as_alice: dict[str, str], body: Any, status: int, code: float
) -> None:
    answer = client.patch(ONE, json=body, headers=as_alice)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert client.get(ONE, headers=as_alice).json["reviewState"] is None


def test_unknown_names_are_404(client: FlaskClient, as_alice: dict[str, str]) -> None:
    for address in (f"{ALL}/uuid:9", "/v1/projects/1/forms/x/submissions/uuid:1", ONE.replace("/1/", "/2/", 1)):
        assert client.get(address, headers=as_alice).status_code == 404
        assert client.patch(address, json={"reviewState": "approved"}, headers=as_alice).status_code == 404
        assert client.get(f"{address}/comments", headers=as_alice).status_code == 404
        assert client.post(f"{address}/comments", json={"body": "x"}, headers=as_alice).status_code == 404
    assert client.get("/v1/projects/1/forms/x/submissions", headers=as_alice).status_code == 404


def test_what_must_be_admitted_first_is_not_shown(hub: Node, client: FlaskClient, as_alice: dict[str, str]) -> None:
    send(hub, submission("uuid:3"), is_revoked=True)
    assert client.get(f"{ALL}/uuid:3", headers=as_alice).status_code == 404
    assert [one["instanceId"] for one in client.get(ALL, headers=as_alice).json] == ["uuid:1"]


def test_comments_are_kept_newest_first_and_change_no_state(
    hub: Node, client: FlaskClient, as_alice: dict[str, str], alice: Actor
) -> None:
    comment_submission(hub, None, "uuid:1", "from the terminal")
    answer = client.post(f"{ONE}/comments", json={"body": "شوهد على الورق"}, headers=as_alice)
    assert (answer.status_code, answer.json["body"], answer.json["actorId"]) == (200, "شوهد على الورق", alice.id)
    newest, oldest = client.get(f"{ONE}/comments", headers=as_alice).json
    assert newest == answer.json
    assert (oldest["body"], oldest["actorId"]) == ("from the terminal", None)
    extended = client.get(f"{ONE}/comments", headers={**as_alice, "X-Extended-Metadata": "true"}).json
    assert [one["actor"] and one["actor"]["displayName"] for one in extended] == ["Alice", None]
    assert client.get(ONE, headers=as_alice).json["reviewState"] is None


@pytest.mark.parametrize("body", [{}, {"body": ""}, {"body": " \n"}, {"body": 7}])
def test_empty_comment_is_refused(client: FlaskClient, as_alice: dict[str, str], body: Any) -> None:
    answer = client.post(f"{ONE}/comments", json=body, headers=as_alice)
    assert (answer.status_code, answer.json["code"]) == (400, 400.2)


def test_list_is_newest_first_in_parts(hub: Node, client: FlaskClient, as_alice: dict[str, str]) -> None:
    for number in range(2, 7):
        send(hub, submission(f"uuid:{number}"), minutes=number // 2)

    def listed(query: str) -> str:
        return "".join(one["instanceId"][-1] for one in client.get(f"{ALL}{query}", headers=as_alice).json)

    assert listed("") == "654321"
    assert listed("?limit=2") == "65"
    assert listed("?limit=3&offset=2") == "432"
    assert listed("?offset=5") == "1"
    assert listed("?limit=0") == listed("?offset=9") == listed("?deleted=true") == ""
    assert client.get(f"{ALL}?limit=-1", headers=as_alice).json["code"] == 400.8


def test_long_list_is_whole(
    hub: Node, client: FlaskClient, as_alice: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync_server.protocols.central_reviews.AT_A_TIME", 2)
    for number in range(2, 7):
        send(hub, submission(f"uuid:{number}"), minutes=number // 2)
    found = client.get(f"{ALL}?limit=5", headers=as_alice).json
    assert [one["instanceId"] for one in found] == [f"uuid:{number}" for number in (6, 5, 4, 3, 2)]
    assert len(client.get(ALL, headers=as_alice).json) == 6


def test_strangers_coordinators_and_tablets_see_and_do_nothing(
    hub: Node, client: FlaskClient, bob: Actor, tablet: Tablet
) -> None:
    token = sign_in.create_session(hub, "bob@example.org", PASSWORD).token
    for bearer, status in ((None, 401), (token, 403), (tablet.token, 403)):
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        assert client.get(ALL, headers=headers).status_code == status
        assert client.get(ONE, headers=headers).status_code == status
        assert client.patch(ONE, json={"reviewState": "approved"}, headers=headers).status_code == status
        assert client.get(f"{ONE}/comments", headers=headers).status_code == status
        assert client.post(f"{ONE}/comments", json={"body": "x"}, headers=headers).status_code == status
    with hub.database.read() as session:
        assert decisions.iter_decisions(session) == []
