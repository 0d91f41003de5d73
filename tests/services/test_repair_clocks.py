"""Clock repair from what a node has stored: whose submissions are gathered, who is shown what, and that all stays."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from sync_server.core.clock_reading import Proposal, Reason
from sync_server.core.roles import COORDINATOR, DATA_COLLECTOR, MNE
from sync_server.core.scope import Grant
from sync_server.core.tablet_clock import TabletClock
from sync_server.errors import InsufficientRights
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services import repair_clocks as repairing
from sync_server.services.repair_clocks import Wanted, repair_clocks
from sync_server.store.peers import change_peer
from sync_server.store.tables import receipts, submission_versions
from tests.support.clock_forms import DAY, filled, send_filled
from tests.support.peers_seen import hub_status, pair_with
from tests.support.people import add_person
from tests.support.samples import NOON, publish, send

AHEAD = timedelta(hours=3)


def times(clock: TabletClock) -> dict[str, Proposal]:
    return {each.instance_id: each.proposal for each in clock.submissions}


def test_a_tablet_that_is_ahead_is_told_by_how_much(node: Node) -> None:
    publish(node, "0", {"/start": "dateTime", "/end": "dateTime"})
    for day in range(3, 6):
        send_filled(node, f"uuid:{day}", finished=day * DAY, sent=day * DAY + 60, off=AHEAD)
    (clock,) = repair_clocks(node, None)
    assert (clock.device, len(clock.submissions)) == ("collect:abc", 3)
    (wrong,) = clock.wrong
    assert (wrong.submissions, wrong.reason) == (3, Reason.MEASURED)
    assert abs(wrong.offset - AHEAD.total_seconds()) < 120
    found = times(clock)["uuid:4"]
    assert found.original == NOON + timedelta(minutes=4 * DAY) + AHEAD
    assert found.earliest <= NOON + timedelta(minutes=4 * DAY) <= found.latest


def test_nothing_that_is_stored_is_changed(hub: Node) -> None:
    send_filled(hub, "uuid:1", finished=0, sent=60, off=AHEAD)

    def everything() -> list[object]:
        with hub.database.read() as session:
            tables = (receipts, submission_versions)
            return [tuple(row) for table in tables for row in session.execute(select(table))]

    before = everything()
    assert [clock.wrong for clock in repair_clocks(hub, None)]
    assert everything() == before


def test_each_tablet_is_judged_by_its_own_and_can_be_asked_for(node: Node) -> None:
    for device, off in (("collect:right", timedelta()), ("collect:wrong", AHEAD)):
        for day in (1, 2):
            name = f"uuid:{device}{day}"
            send_filled(node, name, finished=day * DAY, sent=day * DAY + 60, off=off, device_id=device)
    assert [(c.device, bool(c.wrong)) for c in repair_clocks(node, None)] == [
        ("collect:right", False),
        ("collect:wrong", True),
    ]
    assert [c.device for c in repair_clocks(node, None, Wanted(device="collect:wrong"))] == ["collect:wrong"]
    assert list(repair_clocks(node, None, Wanted(form_id="another"))) == []


def test_a_resend_counts_from_its_first_receipt_and_an_edit_not_at_all(node: Node) -> None:
    send_filled(node, "uuid:1", finished=0, sent=60, off=timedelta())
    send_filled(node, "uuid:1", finished=0, sent=3 * DAY, off=timedelta())
    edit = filled("uuid:2", NOON + timedelta(days=9), edits="uuid:1")
    send(node, edit, minutes=60)
    (clock,) = repair_clocks(node, None)
    assert {name: p.received_at for name, p in times(clock).items()} == {"uuid:1": NOON + timedelta(minutes=60)}


def test_who_reads_every_row_of_a_form_is_told_and_who_sees_some_rows_is_told_nothing(hub: Node) -> None:
    publish(hub, "1", {"/place": "string", "/start": "dateTime", "/end": "dateTime"})
    send_filled(hub, "uuid:1", finished=0, sent=60, off=AHEAD)
    consumers.resolve_received(hub)
    for name, role in (("bob", COORDINATOR), ("mina", MNE)):
        assert [clock.device for clock in repair_clocks(hub, add_person(hub, name, Grant(role, 1)))] == ["collect:abc"]
    part = add_person(hub, "basma", Grant(MNE, 1, None, "place eq 'Bartella'"))
    assert list(repair_clocks(hub, part)) == []


def test_who_may_not_read_is_refused_before_anything_is_asked_of_the_stream(hub: Node) -> None:
    with pytest.raises(InsufficientRights):
        repair_clocks(hub, add_person(hub, "chelsea", Grant(DATA_COLLECTOR, 1)))


def test_what_must_be_admitted_first_is_shown_to_who_settles_it(node: Node) -> None:
    publish(node, "1", {"/start": "dateTime", "/end": "dateTime"})
    send_filled(node, "uuid:1", finished=0, sent=60, off=AHEAD)
    held = filled("uuid:held", NOON + timedelta(minutes=90) + AHEAD)
    send(node, held, minutes=100, is_revoked=True)
    consumers.resolve_received(node)
    shown = {}
    for name, role in (("bob", COORDINATOR), ("mina", MNE)):
        (clock,) = repair_clocks(node, add_person(node, name, Grant(role, 1)))
        shown[name] = [each.instance_id for each in clock.submissions]
    assert shown == {"bob": ["uuid:1", "uuid:held"], "mina": ["uuid:1"]}


def test_what_came_lately_is_listed_by_evidence_of_before(node: Node) -> None:
    for day in range(4):
        send_filled(node, f"uuid:{day}", finished=day * DAY, sent=day * DAY + 60, off=AHEAD)
    (whole,) = repair_clocks(node, None)
    (lately,) = repair_clocks(node, None, Wanted(since=NOON + timedelta(days=2)))
    assert lately.submissions == whole.submissions[2:]


def test_a_long_answer_is_read_from_several_snapshots(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repairing, "SNAPSHOT_SECONDS", -1.0)
    for device in ("collect:a", "collect:b", "collect:c"):
        send_filled(node, f"uuid:{device}", finished=0, sent=60, off=AHEAD, device_id=device)
    found = repair_clocks(node, None)
    assert next(found).device == "collect:a"
    send_filled(node, "uuid:new", finished=0, sent=60, off=AHEAD, device_id="collect:b2")
    assert [clock.device for clock in found] == ["collect:b", "collect:b2", "collect:c"]


def test_a_hub_that_is_off_by_minutes_makes_the_interval_wider(hub: Node) -> None:
    send_filled(hub, "uuid:1", finished=0, sent=60, off=AHEAD)
    (narrow,) = next(repair_clocks(hub, None)).submissions
    sinjar = hub_status()
    pair_with(hub, sinjar)
    hub.write(lambda session: change_peer(session, sinjar.id, clock_offset_seconds=600.0))
    hub.write(lambda session: session.execute(update(receipts).values(node=sinjar.id)))
    (wide,) = next(repair_clocks(hub, None)).submissions
    assert wide.proposal.earliest < narrow.proposal.earliest - timedelta(minutes=8)
