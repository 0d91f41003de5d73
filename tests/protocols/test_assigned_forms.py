"""A tablet is offered the forms assigned to it; what it sends for another form is kept, and waits for a person."""

from flask.testing import FlaskClient

from sync_server.core.ids import sha256_hex
from sync_server.core.roles import APP_USER
from sync_server.node import Node
from sync_server.services import consumers, devices
from sync_server.services.assign_roles import unassign_role
from sync_server.services.list_quarantine import list_quarantine
from tests.protocols.conftest import Publish, Tablet, make_submission
from tests.protocols.received import stored
from tests.support.people import give_role


def _tablet(hub: Node, client: FlaskClient) -> Tablet:
    actor, token = devices.add_device(hub, None, "tablet", 1, has_all_forms=False)
    return Tablet(client, actor, token, f"/v1/key/{token}/projects/1")


def test_a_tablet_is_offered_what_is_assigned_to_it_and_at_once(
    hub: Node, client: FlaskClient, publish: Publish
) -> None:
    publish("visit")
    publish("other")
    tablet = _tablet(hub, client)
    nothing = tablet.get("/formList")
    assert (nothing.status_code, nothing.text.count("<xform>")) == (200, 0)
    give_role(hub, tablet.actor, APP_USER, 1, "visit")
    assert tablet.get("/formList").text.count("<xform>") == 1
    unassign_role(hub, None, tablet.actor.id, APP_USER, project_id=1, form_id="visit")
    assert tablet.get("/formList").text.count("<xform>") == 0


def test_a_form_that_is_not_assigned_is_as_if_it_were_not_there(
    hub: Node, client: FlaskClient, publish: Publish
) -> None:
    mine, others = publish("visit", **{"list.csv": b"a"}), publish("other", **{"list.csv": b"b"})
    tablet = _tablet(hub, client)
    give_role(hub, tablet.actor, APP_USER, 1, "visit")
    for path in ("/forms/{}/form.xml", "/xformsManifest/{}", "/xformsMedia/{}/list.csv"):
        assert tablet.get(path.format(mine)).status_code == 200
        refused, missing = tablet.get(path.format(others)), tablet.get(path.format(999))
        assert (refused.status_code, refused.data) == (404, missing.data)


def test_what_it_sends_for_a_form_that_is_not_assigned_is_kept_and_waits(
    hub: Node, client: FlaskClient, publish: Publish
) -> None:
    publish("visit")
    tablet = _tablet(hub, client)
    answer = tablet.send(make_submission("uuid:1"))
    assert answer.status_code == 201
    assert "coordinator" in answer.text
    assert stored(hub).receipts[0]["held_for"] == "not_assigned"
    consumers.catch_up(hub)
    (waiting,) = list_quarantine(hub, None)
    assert "not assigned" in waiting.reason


def test_once_it_is_assigned_a_resend_lets_it_in(hub: Node, client: FlaskClient, publish: Publish) -> None:
    publish("visit")
    tablet = _tablet(hub, client)
    tablet.send(make_submission("uuid:1"))
    give_role(hub, tablet.actor, APP_USER, 1, "visit")
    assert "coordinator" not in tablet.send(make_submission("uuid:1")).text
    consumers.catch_up(hub)
    assert list(list_quarantine(hub, None)) == []


def test_an_upload_asks_the_database_nothing_about_who_sends(hub: Node, client: FlaskClient, publish: Publish) -> None:
    """What is known of a token and its grants is remembered for a second: the way of an upload costs no look-up."""
    publish("visit")
    tablet = _tablet(hub, client)
    tablet.send(make_submission("uuid:1"))
    asked: list[str] = []
    hub.tokens.get(sha256_hex(tablet.token.encode()), lambda: asked.append("token"))  # type: ignore[func-returns-value]
    hub.grants.get(tablet.actor.id, lambda: asked.append("grants") or ())  # type: ignore[func-returns-value]
    assert asked == []
