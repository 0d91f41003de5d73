"""What came today: the day is the node's own, resends count once, and nobody sees counts of what they may not see."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from sync_server.core.roles import COORDINATOR, MNE
from sync_server.core.scope import Grant
from sync_server.errors import InsufficientRights
from sync_server.node import Node
from sync_server.services import devices
from sync_server.services.tablets_today import Today, see_today
from sync_server.store import accounts
from sync_server.store.tables import receipts
from tests.support.people import add_person
from tests.support.samples import NOON, publish_visit, send, visit

MIDNIGHT = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)  # in Baghdad, between the 22nd and the 23rd
TO_MIDNIGHT = (MIDNIGHT - NOON).total_seconds() / 60
EVENING = MIDNIGHT + timedelta(hours=20)


def test_the_day_begins_at_midnight_of_the_office(node: Node) -> None:
    publish_visit(node)
    device, _token = devices.add_device(node, None, "Tablet of Sara", 1)
    for minutes in (-1, 1, 2):
        send(node, visit(f"at {minutes}"), actor_id=device.id, minutes=TO_MIDNIGHT + minutes)
    send(node, visit("at 1"), actor_id=device.id, minutes=TO_MIDNIGHT + 5)

    today = see_today(node, None, now=EVENING)
    assert today.day.isoformat() == "2026-11-23"
    assert [(tablet.name, tablet.submissions) for tablet in today.tablets] == [("Tablet of Sara", 2)]
    assert today.tablets[0].last_seen_at == MIDNIGHT + timedelta(minutes=5)
    assert [(form.title, form.here, form.elsewhere) for form in today.forms] == [("Visit", 2, 0)]
    assert see_today(node, None, now=MIDNIGHT - timedelta(minutes=1)).submissions == 3


def test_a_tablet_that_only_fetched_forms_was_seen(node: Node) -> None:
    device, _token = devices.add_device(node, None, "Tablet of Sara", 1)
    asleep, _token = devices.add_device(node, None, "Asleep", 1)
    node.write(lambda session: accounts.note_use(session, device.id, now=MIDNIGHT + timedelta(hours=1)))
    node.write(lambda session: accounts.note_use(session, asleep.id, now=MIDNIGHT - timedelta(hours=1)))
    seen = see_today(node, None, now=EVENING).tablets
    assert [(tablet.name, tablet.submissions) for tablet in seen] == [("Tablet of Sara", 0)]


def test_what_tablets_sent_to_another_node_is_counted_by_itself(node: Node) -> None:
    publish_visit(node)
    send(node, visit("here"), minutes=TO_MIDNIGHT + 1)
    there = send(node, visit("there"), device_id="collect:far", minutes=TO_MIDNIGHT + 2)
    node.write(lambda session: session.execute(update(receipts).where(receipts.c.id == there.id).values(node="5f0c")))
    today = see_today(node, None, now=EVENING)
    assert [tablet.name for tablet in today.tablets] == ["collect:abc"]
    assert [(form.here, form.elsewhere) for form in today.forms] == [(1, 1)]


def test_who_sees_some_rows_of_a_form_sees_no_count_of_all(hub: Node) -> None:
    publish_visit(hub)
    send(hub, visit("one"), minutes=TO_MIDNIGHT + 1)
    whole = add_person(hub, "bob", Grant(COORDINATOR, 1))
    part = add_person(hub, "basma", Grant(COORDINATOR, 1, None, "place eq 'Bartella'"))
    assert see_today(hub, whole, now=EVENING).submissions == 1
    assert see_today(hub, part, now=EVENING) == Today(EVENING.date(), (), ())
    with pytest.raises(InsufficientRights):
        see_today(hub, add_person(hub, "mina", Grant(MNE, 1)), now=EVENING)
