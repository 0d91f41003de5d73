"""Erasure over the network: a tablet hears that what it sends was erased; only an administrator erases."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from sync_server.node import Node
from sync_server.protocols.openrosa_submission import ERASED, REDACTED
from sync_server.services.erase_person import erase_person
from sync_server.store.accounts import Actor
from tests.protocols.conftest import PASSWORD, Publish, Tablet, make_submission
from tests.support.attendance import OMAR, OMARS_PHONE, SARA, SARAS_PHONE, attendance, publish_attendance, row
from tests.support.traces import find_traces

MARK, PHOTO = "تلكيف", b"jpeg of a face" * 30_000
ADDRESS = "/v1/projects/1/forms/visit/submissions/uuid:1/erase"


@pytest.fixture
def alices(alice: Actor) -> dict[str, Any]:
    return {"auth": ("alice@example.org", PASSWORD), "base_url": "https://localhost"}


def test_a_tablet_hears_that_it_was_erased_and_nothing_is_kept(
    hub: Node, tablet: Tablet, publish: Publish, client: FlaskClient, alices: dict[str, Any]
) -> None:
    publish()
    assert tablet.send(make_submission(name=MARK), ("p.jpg", PHOTO)).status_code == 201
    answer = client.post(ADDRESS, json={"reason": "consent withdrawn"}, **alices)
    assert answer.status_code == 200
    assert answer.json["subjects"][0]["root_id"] == "uuid:1"
    assert answer.json["author"] == "Alice"
    assert find_traces(hub.settings.data, MARK, PHOTO.decode()) == []
    again = tablet.send(make_submission(name=MARK), ("p.jpg", PHOTO))
    assert again.status_code == 201
    assert ERASED in again.text
    assert find_traces(hub.settings.data, MARK, PHOTO.decode()) == []
    receipt = client.get(f"/v1/erasures/{answer.json['id']}", **alices)
    assert receipt.json["blocked_since"] == 1
    assert [r["id"] for r in client.get("/v1/erasures", **alices).json] == [answer.json["id"]]


def test_a_tablet_hears_that_the_rest_was_stored(hub: Node, tablet: Tablet) -> None:
    publish_attendance(hub)
    both = (row(OMAR, OMARS_PHONE), row(SARA, SARAS_PHONE))
    tablet.send(attendance("one", *both))
    erase_person(hub, None, "phone", SARAS_PHONE, reason="consent withdrawn")
    answer = tablet.send(attendance("two", *both, edits="one"))
    assert answer.status_code == 201
    assert REDACTED in answer.text
    assert find_traces(hub.settings.data, SARA, SARAS_PHONE) == []


def test_only_an_administrator_erases_with_a_reason(
    tablet: Tablet, publish: Publish, client: FlaskClient, alices: dict[str, Any], bob: Actor
) -> None:
    publish()
    tablet.send(make_submission())
    bobs = {**alices, "auth": ("bob@example.org", PASSWORD)}
    assert client.post(ADDRESS, json={"reason": "x"}).status_code == 401
    assert client.post(ADDRESS, json={"reason": "x"}, **bobs).status_code == 403
    assert client.get("/v1/erasures", **bobs).status_code == 403
    assert client.post(ADDRESS, json={}, **alices).status_code == 400
    assert client.post(ADDRESS.replace("uuid:1", "uuid:2"), json={"reason": "x"}, **alices).status_code == 404
    assert client.get("/v1/erasures/nothing", **alices).status_code == 404
