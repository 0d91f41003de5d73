"""What is beyond a form's age goes, once by hand or every day by rule; a form without a rule keeps all."""

from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import format_datetime

import pytest

from sync_server.errors import NotFound, NotThatOld
from sync_server.node import Node
from sync_server.services import consumers, erase_submissions, retention, users
from sync_server.services.list_erasures import get_erasure
from sync_server.services.retention import NO_RULE, apply_rules, count_older, erase_older, list_rules, set_rule
from sync_server.services.verify_node import verify_node
from sync_server.store.submissions import iter_versions
from tests.support.samples import NOON, publish_visit, send, visit
from tests.support.traces import find_traces

DAY = 24 * 60
MARK = "قره قوش"


@pytest.fixture(autouse=True)
def _filled(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erase_submissions, "AT_A_TIME", 3)
    publish_visit(node)
    for n in range(10):
        send(node, visit(f"old {n}", place=MARK), minutes=-800 * DAY + n)
    send(node, visit("young"))
    send(node, visit("edit of an old one", deprecates="old 0", place=MARK))
    consumers.catch_up(node)


def left(node: Node) -> list[str]:
    with node.database.read() as session:
        return [str(version.instance_id) for version in iter_versions(session, 0)]


def test_age_counts_from_the_first_receipt(node: Node) -> None:
    assert count_older(node, None, "visit", "24m", now=NOON) == 10
    made = erase_older(node, None, "visit", "24m", reason="retention is over", now=NOON)
    assert left(node) == ["uuid:young"]
    assert find_traces(node.settings.data, MARK) == []
    assert len(get_erasure(node, None, str(made)).subjects) == 10
    assert list(verify_node(node)) == []
    assert erase_older(node, None, "visit", "24m", reason="retention is over", now=NOON) is None


def test_without_a_rule_nothing_goes_and_with_one_every_day(node: Node) -> None:
    assert apply_rules(node) == []
    years = (datetime.now(UTC) - NOON) // timedelta(days=365)
    set_rule(node, None, "visit", f"{years + 2}y", reason="as the donor asks")
    (rule,) = list_rules(node, None)
    assert (rule.form_id, rule.reason) == ("visit", "as the donor asks")
    (made,) = apply_rules(node)
    assert get_erasure(node, None, made).reason == "Retention rule: as the donor asks"
    assert left(node) == ["uuid:young"]
    assert apply_rules(node) == []


def test_a_rule_can_be_ended(node: Node) -> None:
    set_rule(node, None, "visit", "24m", reason="as the donor asks")
    set_rule(node, None, "visit", NO_RULE, reason="an audit is under way")
    assert list_rules(node, None) == []
    assert apply_rules(node) == []


def test_what_came_when_the_clock_was_slow_is_not_old(node: Node) -> None:
    """A board without a battery says 2000; what it dates so came behind what is young."""
    send(node, visit("slow clock"), minutes=-26 * 365 * DAY)
    consumers.catch_up(node)
    assert count_older(node, None, "visit", "24m", now=NOON) == 10
    erase_older(node, None, "visit", "24m", reason="retention is over", now=NOON)
    assert left(node) == ["uuid:young", "uuid:slow clock"]


def test_no_rule_is_applied_while_the_clock_is_in_doubt(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    set_rule(node, None, "visit", "24m", reason="as the donor asks")
    before = left(node)
    _jump(monkeypatch, timedelta(days=14 * 365))
    assert apply_rules(node) == []
    moment = datetime.now(UTC) + timedelta(days=14 * 365)  # now something is dated so, but a tablet knows better
    wrong = (moment - NOON) // timedelta(minutes=1)
    send(node, visit("dated wrong"), minutes=wrong, client_date=format_datetime(datetime.now(UTC), usegmt=True))
    assert apply_rules(node) == []
    assert left(node) == [*before, "uuid:dated wrong"]


def _jump(monkeypatch: pytest.MonkeyPatch, ahead: timedelta) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Clock":
            return super().now(tz) + ahead  # type: ignore[return-value]

    monkeypatch.setattr(retention, "datetime", Clock)


def test_what_is_no_age_or_no_form_is_told(node: Node) -> None:
    with pytest.raises(NotThatOld):
        erase_older(node, None, "visit", "old", reason="x")
    with pytest.raises(NotFound):
        erase_older(node, None, "nothing", "24m", reason="x")
    bob = users.add_user(node, None, "bob@example.org", "long enough a password")
    with pytest.raises(NotFound):
        set_rule(node, bob, "visit", "24m", reason="x")
