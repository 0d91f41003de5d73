"""Administrators read what people did, at ODK Central's address: groups of actions, times, pages."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from sync_server.node import Node
from sync_server.services import sign_in
from sync_server.services.erase_submissions import erase_submission
from sync_server.services.review_submission import comment_submission, review_submission
from sync_server.store.accounts import Actor
from tests.protocols.conftest import PASSWORD
from tests.support.samples import publish, send, submission


@pytest.fixture
def headers(hub: Node, alice: Actor) -> dict[str, str]:
    publish(hub)
    send(hub, submission("uuid:1", "<place>Erbil</place>"))
    return {"Authorization": f"Bearer {sign_in.create_session(hub, 'alice@example.org', PASSWORD).token}"}


def read(client: FlaskClient, headers: dict[str, str], query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/v1/audits{query}", headers=headers)
    assert answer.status_code == 200
    return list(answer.get_json())


def actions(client: FlaskClient, headers: dict[str, str], query: str = "") -> list[str]:
    return [audit["action"] for audit in read(client, headers, query)]


def test_every_act_on_a_submission_is_written_down(
    hub: Node, client: FlaskClient, alice: Actor, headers: dict[str, str]
) -> None:
    client.get("/v1/projects/1/forms/visit/submissions.csv.zip", headers=headers, buffered=True)
    review_submission(hub, alice, "uuid:1", "approved", reason="")
    comment_submission(hub, alice, "uuid:1", "seen")
    erase_submission(hub, alice, "uuid:1", reason="consent withdrawn")
    assert actions(client, headers, "?action=submission") == [
        "submission.erase", "submission.comment", "submission.update",
    ]  # fmt: skip
    [exported] = read(client, headers, "?action=form.submissions.export")
    assert (exported["acteeId"], exported["actorId"]) == ("form:1/visit", alice.id)
    assert "Erbil" not in str(read(client, headers))


def test_groups_times_and_pages_are_those_of_central(client: FlaskClient, headers: dict[str, str]) -> None:
    everything = actions(client, headers)
    assert set(actions(client, headers, "?action=user")) <= {name for name in everything if name.startswith("user.")}
    assert "user.session.create" not in actions(client, headers, "?action=nonverbose")
    assert actions(client, headers, "?limit=1&offset=1") == everything[1:2]
    assert actions(client, headers, "?end=2000-01-01z") == actions(client, headers, "?start=2999-01-01T00:00:00Z") == []
    assert actions(client, headers, "?start=2000-01-01") == everything


def test_extended_says_who_and_to_what(client: FlaskClient, alice: Actor, headers: dict[str, str]) -> None:
    [audit] = read(client, {**headers, "X-Extended-Metadata": "true"}, "?action=user.session.create&limit=1")
    assert audit["actor"]["displayName"] == audit["actee"]["displayName"] == "Alice"


@pytest.mark.parametrize("query", ["?start=yesterday", "?end=2026-13-01", "?limit=-1", "?offset=x"])
def test_a_time_or_number_that_is_none_is_told(client: FlaskClient, headers: dict[str, str], query: str) -> None:
    answer = client.get(f"/v1/audits{query}", headers=headers)
    assert answer.status_code == 400
