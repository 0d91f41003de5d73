"""When a round is due: every case in a table."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from sync_server.core.sync_schedule import SyncMoment, SyncRule, is_due, make_rule, parse_hours

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=ZoneInfo("Asia/Baghdad"))
NIGHT = NOON.replace(hour=23)
RULE = make_rule(minutes=15, quiet_seconds=60, quiet_hours="")
ON_DEMAND = make_rule(minutes=0, quiet_seconds=60, quiet_hours="")
NIGHTS_OFF = make_rule(minutes=15, quiet_seconds=60, quiet_hours="22:00-05:00")


def ago(**kwargs: float) -> datetime:
    return NOON - timedelta(**kwargs)


def moment(**kwargs: object) -> SyncMoment:
    known = {"is_wanted": False, "tried_at": ago(minutes=5), "failed_at": None, "failures": 0, "newest_at": None}
    return SyncMoment(**{**known, **kwargs})  # type: ignore[arg-type]


CASES = [
    ("never tried", RULE, moment(tried_at=None), NOON, True),
    ("tried five minutes ago", RULE, moment(), NOON, False),
    ("its turn", RULE, moment(tried_at=ago(minutes=15)), NOON, True),
    ("a little before its turn", RULE, moment(tried_at=ago(minutes=14)), NOON, False),
    ("a little before its turn, by chance", RULE, moment(tried_at=ago(minutes=14), chance=1.0), NOON, True),
    ("tried in the future: the clock was set back", RULE, moment(tried_at=ago(days=-400)), NOON, True),
    ("something came and more is coming", RULE, moment(newest_at=ago(seconds=59)), NOON, False),
    ("something came and it is quiet since", RULE, moment(newest_at=ago(seconds=60)), NOON, True),
    ("somebody asks", RULE, moment(is_wanted=True), NOON, True),
    ("failed once, just now", RULE, moment(failures=1, failed_at=ago(seconds=59)), NOON, False),
    ("failed once, a minute ago", RULE, moment(failures=1, failed_at=ago(seconds=60)), NOON, True),
    ("failed once, by chance sooner", RULE, moment(failures=1, failed_at=ago(seconds=31), chance=1.0), NOON, True),
    ("failed three times", RULE, moment(failures=3, failed_at=ago(minutes=3)), NOON, False),
    ("failed three times, four minutes ago", RULE, moment(failures=3, failed_at=ago(minutes=4)), NOON, True),
    ("failed for weeks", RULE, moment(failures=5000, failed_at=ago(minutes=59)), NOON, False),
    ("failed for weeks, an hour ago", RULE, moment(failures=5000, failed_at=ago(minutes=60)), NOON, True),
    ("failed, and something new waits", RULE, moment(failures=7, failed_at=ago(minutes=5), newest_at=ago(minutes=2)),
     NOON, False),
    ("failed, and somebody asks", RULE, moment(failures=7, failed_at=ago(seconds=1), is_wanted=True), NOON, True),
    ("only on demand, nobody asks", ON_DEMAND, moment(tried_at=None, newest_at=ago(days=1)), NOON, False),
    ("only on demand, after a failure", ON_DEMAND, moment(failures=1, failed_at=ago(days=1)), NOON, False),
    ("only on demand, somebody asks", ON_DEMAND, moment(is_wanted=True), NOON, True),
    ("by night", NIGHTS_OFF, moment(tried_at=None), NIGHT, False),
    ("by night, before the day begins", NIGHTS_OFF, moment(tried_at=None), NOON.replace(hour=4, minute=59), False),
    ("when the day begins", NIGHTS_OFF, moment(tried_at=None), NOON.replace(hour=5), True),
    ("by night, somebody asks", NIGHTS_OFF, moment(is_wanted=True), NIGHT, True),
    ("by day", NIGHTS_OFF, moment(tried_at=None), NOON, True),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "moment", "now", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_round_is_due(rule: SyncRule, moment: SyncMoment, now: datetime, expected: bool) -> None:
    assert is_due(now, rule, moment) is expected


def test_hours_without_midnight_between_are_within_one_day() -> None:
    rule = make_rule(minutes=15, quiet_seconds=60, quiet_hours="09:00-13:30")
    assert [is_due(NOON.replace(hour=hour), rule, moment(tried_at=None)) for hour in (8, 9, 13, 14)] == [
        True, False, False, True,
    ]  # fmt: skip


def test_hours_are_read() -> None:
    assert parse_hours("22:00-05:30") == (time(22), time(5, 30))
    assert parse_hours("") is None


@pytest.mark.parametrize("text", ["22-5", "24:00-05:00", "22:00 - 05:00", "22:60-05:00", "nights"])
def test_hours_that_are_none_are_not_guessed(text: str) -> None:
    with pytest.raises(ValueError):
        parse_hours(text)
