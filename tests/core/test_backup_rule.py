"""The newest back-up of each of the last days and weeks stays."""

from datetime import UTC, datetime, timedelta

from sync_server.core.backup_rule import expiry, kept

SUNDAY = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


def test_seven_days_and_five_weeks_stay_of_a_year_of_daily_back_ups() -> None:
    times = [SUNDAY - timedelta(days=n) for n in range(365)]
    days = {SUNDAY - timedelta(days=n) for n in range(7)}
    weeks = {SUNDAY - timedelta(weeks=n) for n in range(5)}
    assert kept(times, days=7, weeks=5) == days | weeks


def test_of_one_day_the_newest_stays() -> None:
    times = [SUNDAY, SUNDAY - timedelta(hours=1), SUNDAY - timedelta(hours=2)]
    assert kept(times, days=7, weeks=5) == {SUNDAY}


def test_days_without_a_back_up_take_no_place() -> None:
    times = [SUNDAY - timedelta(days=100 * n) for n in range(9)]
    assert kept(times, days=7, weeks=0) == set(times[:7])


def test_the_last_one_stays_whatever_the_rule() -> None:
    assert kept([SUNDAY, SUNDAY - timedelta(days=1)], days=0, weeks=0) == {SUNDAY}
    assert kept([], days=7, weeks=5) == set()


def test_it_expires_with_the_longer_part_of_the_rule() -> None:
    assert expiry(SUNDAY, days=7, weeks=5) == SUNDAY + timedelta(weeks=5)
    assert expiry(SUNDAY, days=90, weeks=5) == SUNDAY + timedelta(days=90)
