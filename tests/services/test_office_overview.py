"""What the office sees: counts by local days, what waits, and not one answer."""

from datetime import UTC, datetime, timedelta

import pytest

from sync_server.errors import InsufficientRights, UnreadableXml
from sync_server.node import Node
from sync_server.services import devices, users
from sync_server.services.office_overview import list_form_titles, name_node, see_overview
from sync_server.services.receive_submission import Upload, receive
from tests.support.samples import NOON, publish_visit, send, visit

NOW = NOON + timedelta(hours=15)  # 24 November, 03:00 in Baghdad


def test_day_begins_at_local_midnight(node: Node) -> None:
    publish_visit(node)
    send(node, visit("before"), minutes=11 * 60 + 59)  # 23:59 in Baghdad
    send(node, visit("after"), minutes=12 * 60)  # 00:00
    send(node, visit("long-ago"), minutes=-60 * 24 * 20)

    page = see_overview(node, None, now=NOW)
    assert page.days[-1].isoformat() == "2026-11-23"
    assert page.forms[0].by_day == (0, 0, 0, 0, 0, 1, 1)
    assert page.forms[0].submissions == 3
    assert page.forms[0].last_received_at == NOON + timedelta(hours=12)


def test_latest_come_first_and_name_the_tablet(node: Node) -> None:
    publish_visit(node)
    device, _token = devices.add_device(node, None, "Tablet 3, Sinjar", 1)
    for number in range(12):
        upload = Upload(
            project_id=1,
            xml=visit(f"n{number}"),
            received_at=NOON + timedelta(minutes=number),
            door="test",
            actor_id=device.id,
        )
        receive(node, upload)

    page = see_overview(node, None, now=NOW)
    assert [s.root_id for s in page.latest] == [f"uuid:n{number}" for number in range(11, 1, -1)]
    assert {s.device for s in page.latest} == {"Tablet 3, Sinjar"}


def test_submission_that_lacks_a_photo_is_listed_until_it_comes(node: Node) -> None:
    publish_visit(node)
    send(node, visit(photo="a.jpg"))
    page = see_overview(node, None, now=NOW)
    assert page.incomplete_count == 1
    assert [(s.attachments_present, s.attachments_expected) for s in page.incomplete] == [(0, 1)]

    send(node, visit(photo="a.jpg"), [("a.jpg", b"jpeg")])
    assert see_overview(node, None, now=NOW).incomplete_count == 0


def test_what_waits_is_grouped_by_reason(node: Node) -> None:
    publish_visit(node)
    send(node, visit("a", people="seven"))
    send(node, visit("b", people="eight"))
    send(node, visit("edit", deprecates="never-came"))
    with pytest.raises(UnreadableXml):
        send(node, b"<data")

    page = see_overview(node, None, now=NOW)
    assert [(w.reason, w.count) for w in page.waiting] == [("wrong_value", 2), ("waits_for_original", 1)]
    assert page.waiting_count == 4
    assert len(page.unreadable) == 1


def test_form_that_nobody_published_is_shown_under_its_id(node: Node) -> None:
    send(node, visit(form="stranger"))

    page = see_overview(node, None, now=NOW)
    assert [(form.title, form.state, form.submissions) for form in page.forms] == [("stranger", "unknown", 1)]
    assert list_form_titles(node) == []


def test_empty_node_shows_nothing_and_waits_for_nothing(node: Node) -> None:
    page = see_overview(node, None, now=datetime.now(UTC))

    assert (page.submissions, page.waiting_count, page.node.behind) == (0, 0, 0)
    assert page.node.database in ("SQLite", "PostgreSQL")
    assert page.node.name == name_node(node)


def test_chelsea_without_a_role_sees_nothing(hub: Node) -> None:
    chelsea = users.add_user(hub, None, "chelsea@example.org", "long enough for chelsea")

    with pytest.raises(InsufficientRights):
        see_overview(hub, chelsea, now=NOW)
