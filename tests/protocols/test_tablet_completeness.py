"""Completeness per tablet as JSON."""

import pytest
from flask.testing import FlaskClient

from sync_server.core.roles import COORDINATOR
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.services import devices
from tests.protocols.office_desk import sit_down
from tests.support.numbered_forms import publish_counted, send_counted

ADDRESS = "/projects/1/tablet-completeness"


def test_a_coordinator_reads_what_came_and_what_to_ask(hub: Node, client: FlaskClient) -> None:
    publish_counted(hub)
    sara, _token = devices.add_device(hub, None, "Tablet of Sara", 1)
    send_counted(hub, "S", 1, 2, 5, actor_id=sara.id)
    send_counted(hub, "T", 1, actor_id=sara.id, minutes=60)
    bob = sit_down(hub, client, "bob", Grant(COORDINATOR, 1))
    found = bob.get(f"{ADDRESS}?from=2026-11-22&to=2026-11-23&silentDays=2")
    [tablet] = found["tablets"]
    assert found["days"] == ["2026-11-22", "2026-11-23"]
    assert (tablet["name"], tablet["isSilent"], tablet["lastSeenAt"]) == (
        "Tablet of Sara", True, "2026-11-22T10:00:00.000Z",
    )  # fmt: skip
    [form] = tablet["forms"]
    assert (form["xmlFormId"], form["byDay"], form["received"], form["total"]) == ("visit", [4, 0], 4, 4)
    assert tablet["gaps"] == [
        {
            "xmlFormId": "visit", "first": 3, "last": 4, "maybeErased": 0,
            "after": "2026-11-22T09:01:00.000Z", "before": "2026-11-22T09:02:00.000Z",
        }
    ]  # fmt: skip
    assert [(each["afterNumber"], each["since"]) for each in tablet["restarts"]] == [(5, "2026-11-22T10:00:00.000Z")]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("from=yesterday", 400.8),
        ("silentDays=0", 400.8),
        ("silentDays=-1", 400.8),
        ("from=2026-11-23&to=2026-11-22", 400.912),
        ("from=2020-01-01&to=2026-11-22", 400.912),
    ],
)
def test_what_cannot_be_asked_is_refused(hub: Node, client: FlaskClient, asked: str, code: float) -> None:
    assert sit_down(hub, client, "bob", Grant(COORDINATOR, 1)).code("GET", f"{ADDRESS}?{asked}") == code
