"""Is everything here? For each tablet what came when, what is silent, and what its numbers ask."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from sync_server.core.form_numbers import Gap, Restart
from sync_server.core.roles import COORDINATOR, MNE
from sync_server.core.scope import Grant
from sync_server.core.tablet_completeness import TabletReport, TabletsReport
from sync_server.errors import InsufficientRights, NotFound, PeriodNotPossible
from sync_server.node import Node
from sync_server.services import devices
from sync_server.services.erase_submissions import erase_submission
from sync_server.services.form_state import set_form_state
from sync_server.services.tablet_completeness import list_days, see_tablets
from sync_server.store import accounts, changes, peer_rounds
from sync_server.store.accounts import Actor
from sync_server.store.tables import projects, receipts
from tests.support.numbered_forms import counted, publish_counted, send_counted
from tests.support.peers_seen import QUIET, pair_with
from tests.support.people import add_person
from tests.support.samples import NOON, publish_visit, send, submission, visit

DAY = 24 * 60
EVENING = NOON + timedelta(hours=8)


def see(node: Node, actor: Actor | None = None, *, days: int = 0, **asked: object) -> TabletsReport:
    return see_tablets(node, actor, project_id=1, now=EVENING + timedelta(days=days), **asked)  # type: ignore[arg-type]


def only(report: TabletsReport) -> TabletReport:
    [tablet] = report.tablets
    return tablet


def gaps(tablet: TabletReport) -> list[tuple[int, int]]:
    return [(each.gap.first, each.gap.last) for each in tablet.numbers.questions]


def test_what_came_is_counted_by_tablet_form_and_day(node: Node) -> None:
    publish_visit(node)
    publish_counted(node, form_id="meeting")
    sara, _token = devices.add_device(node, None, "Tablet of Sara", 1)
    for day, instance in enumerate(("one", "two", "three")):
        send(node, visit(instance, photo="a.jpg"), actor_id=sara.id, minutes=day * DAY)
    send(node, counted("S", 1, form_id="meeting"), actor_id=sara.id, minutes=DAY + 5)
    send(node, visit("one", photo="a.jpg"), actor_id=sara.id, minutes=2 * DAY)  # again: it counts for its first day
    send(node, visit("edited", deprecates="two"), actor_id=sara.id, minutes=2 * DAY + 5)
    send(node, visit("far"), device_id="collect:far", minutes=2 * DAY)

    report = see(node, days=2, first=date(2026, 11, 23), last=date(2026, 11, 24))
    far, tablet = report.tablets
    assert [(form.form_id, form.by_day, form.total, form.edits, form.missing) for form in tablet.forms] == [
        ("meeting", (1, 0), 1, 0, 0),
        ("visit", (1, 1), 3, 1, 2),
    ]
    assert (tablet.name, tablet.by_day, tablet.last_seen_at) == ("Tablet of Sara", (2, 1), NOON + timedelta(days=2))
    assert (far.name, far.by_day) == ("collect:far", (0, 1))
    assert see(node, days=2).days == [date(2026, 11, 24)]


def test_the_day_is_the_offices(node: Node) -> None:
    publish_visit(node)
    send(node, visit(), minutes=11 * 60 + 59)  # a minute before midnight in Baghdad
    assert only(see(node)).received == 1
    assert only(see(node, days=1)).received == 0


def test_numbers_that_never_came_are_asked_for(node: Node) -> None:
    publish_counted(node)
    sara, _token = devices.add_device(node, None, "Tablet of Sara", 1)
    send_counted(node, "S", 1, 2, 5, 7, actor_id=sara.id)
    tablet = only(see(node))
    at = [NOON + timedelta(minutes=n) for n in range(4)]
    assert [(each.form_id, each.gap, each.erased) for each in tablet.numbers.questions] == [
        ("visit", Gap(3, 4, at[1], at[2]), 0),
        ("visit", Gap(6, 6, at[2], at[3]), 0),
    ]
    send_counted(node, "S", 4, 6, actor_id=sara.id, minutes=60)
    assert gaps(only(see(node))) == [(3, 3)]


def test_an_edit_and_a_resend_leave_the_count_as_it_is(node: Node) -> None:
    publish_counted(node)
    send_counted(node, "S", 1, 2, 2, 3)
    send(node, counted("S", 1, highest=3, edits="uuid:S-1"), minutes=30)
    tablet = only(see(node))
    assert (gaps(tablet), tablet.total, tablet.edits) == ([], 3, 1)


def test_two_edits_that_differ_in_how_far_the_tablet_had_counted_are_no_conflict(node: Node) -> None:
    publish_counted(node)
    send_counted(node, "S", 1)
    for name, highest in (("a", 4), ("b", 9)):
        edit = counted("S", 1, highest=highest, edits="uuid:S-1").replace(b"S-1-edited", f"S-1-{name}".encode())
        send(node, edit, minutes=5)
    assert only(see(node)).waiting == 0


def test_what_waits_to_be_admitted_has_come(node: Node) -> None:
    publish_counted(node)
    send_counted(node, "S", 1, 3)
    set_form_state(node, None, "visit", "closed")
    send_counted(node, "S", 2, 5, minutes=10)
    tablet = only(see(node))
    assert (gaps(tablet), tablet.waiting) == ([(4, 4)], 2)


def test_counting_anew_is_told_and_is_no_gap(node: Node) -> None:
    publish_counted(node)
    sara, _token = devices.add_device(node, None, "Tablet of Sara", 1)
    send_counted(node, "S", 1, 2, 3, actor_id=sara.id)
    send_counted(node, "T", 1, 2, actor_id=sara.id, minutes=60)
    tablet = only(see(node))
    assert gaps(tablet) == []
    [anew] = tablet.numbers.restarts
    assert anew.restart == Restart(3, NOON + timedelta(minutes=2), NOON + timedelta(minutes=60))


def test_an_erased_submission_is_told_beside_the_gap_that_it_explains(node: Node) -> None:
    publish_counted(node)
    send_counted(node, "S", 1, 2, 3)
    assert gaps(only(see(node))) == []
    erase_submission(node, None, "uuid:S-2", reason="Consent withdrawn", project_id=1, form_id="visit")
    [question] = only(see(node)).numbers.questions
    assert ((question.gap.first, question.gap.last), question.erased) == ((2, 2), 1)


def test_a_sealed_submission_is_counted_and_not_opened(node: Node) -> None:
    publish_counted(node)
    sealed = submission("uuid:sealed").replace(
        b'version="1"', b'version="1" encrypted="yes" xmlns="http://opendatakit.org/submissions"'
    )
    send_counted(node, "S", 1, 3)
    send(node, sealed, minutes=5)
    tablet = only(see(node))
    assert (gaps(tablet), tablet.sealed, tablet.total) == ([(2, 2)], 1, 3)


def test_a_form_that_counts_nothing_asks_nothing(node: Node) -> None:
    publish_visit(node)
    send(node, visit())
    assert only(see(node)).numbers.missing == 0


def test_a_tablet_that_was_not_heard_is_silent(node: Node) -> None:
    publish_visit(node)
    asleep, _token = devices.add_device(node, None, "Asleep", 1)
    devices.add_device(node, None, "Never", 1)
    ended, _token = devices.add_device(node, None, "Ended", 1)
    gone, _token = devices.add_device(node, None, "Gone", 1)
    node.write(lambda session: accounts.note_use(session, asleep.id, now=NOON - timedelta(days=2)))
    send(node, visit(), actor_id=ended.id, minutes=-5 * DAY)
    devices.revoke_device(node, None, ended.id)
    devices.revoke_device(node, None, gone.id)

    def silent(**asked: object) -> list[tuple[str, int | None]]:
        report = see(node, **asked)
        return [(tablet.name, tablet.days_silent) for tablet in report.tablets if report.is_silent(tablet)]

    assert silent(silent_days=2) == [("Asleep", 2), ("Never", None)]
    assert silent(silent_days=3) == [("Never", None)]
    assert [tablet.name for tablet in see(node).tablets] == ["Asleep", "Ended", "Never"]


def test_what_the_centre_has_not_said_it_has_is_told(node: Node) -> None:
    publish_visit(node)
    pair_with(node, QUIET)
    node.write(lambda session: session.execute(projects.update().values(home=QUIET.id)))
    sara, _token = devices.add_device(node, None, "Tablet of Sara", 1)
    for name in ("a", "b"):
        send(node, visit(name), actor_id=sara.id)
    assert (see(node).centre, only(see(node)).not_at_centre) == ("Erbil", 2)
    epoch, seq = node.write(lambda session: (changes.epoch(session), changes.head(session)))
    node.write(lambda session: peer_rounds.note_told(session, QUIET.id, epoch=epoch, seq=seq))
    assert only(see(node)).not_at_centre == 0


def test_what_came_through_another_node_is_told_with_its_name(node: Node) -> None:
    publish_visit(node)
    pair_with(node, QUIET)
    there = send(node, visit("there"), device_id="collect:far")
    node.write(lambda s: s.execute(update(receipts).where(receipts.c.id == there.id).values(node=QUIET.id)))
    report = see(node)
    assert [(tablet.name, tablet.node, tablet.received) for tablet in report.elsewhere] == [("collect:far", "Erbil", 1)]
    assert report.here == []


def test_the_code_is_of_what_came_in_these_days_in_whatever_order(node: Node) -> None:
    publish_visit(node)
    for minutes, instance in enumerate(("b", "a")):
        send(node, visit(instance), device_id="collect:one", minutes=minutes)
        send(node, visit(f"{instance}2"), device_id="collect:two", minutes=minutes)
    one, two = see(node).tablets
    assert one.code != two.code
    assert len(one.code) == len("3F9A-12BC")
    send(node, visit("c"), device_id="collect:one", minutes=DAY)
    assert see(node).tablets[0].code == one.code
    assert see(node, first=date(2026, 11, 22), last=date(2026, 11, 23)).tablets[0].code not in ("", one.code)


def test_who_sees_some_rows_of_a_form_is_told_nothing_of_it(hub: Node) -> None:
    publish_counted(hub)
    send_counted(hub, "S", 1, 3)
    whole = add_person(hub, "bob", Grant(COORDINATOR, 1))
    part = add_person(hub, "basma", Grant(COORDINATOR, 1, None, "place eq 'Bartella'"))
    assert gaps(only(see(hub, whole))) == [(2, 2)]
    assert see(hub, part).tablets == ()
    with pytest.raises(InsufficientRights):
        see(hub, add_person(hub, "mina", Grant(MNE, 1)))
    with pytest.raises(NotFound):
        see_tablets(hub, None, project_id=9, now=EVENING)


def test_a_period_that_cannot_be_is_refused() -> None:
    today = datetime(2026, 11, 22, tzinfo=UTC).date()
    assert list_days(None, None, today=today) == [today]
    with pytest.raises(PeriodNotPossible, match="From 2026-11-23 to 2026-11-22 cannot be asked for"):
        list_days(date(2026, 11, 23), date(2026, 11, 22), today=today)
    with pytest.raises(PeriodNotPossible, match="92 days are most"):
        list_days(date(2020, 1, 1), today, today=today)
