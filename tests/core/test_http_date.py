"""A tablet's clock offset is found although its Date header has no am or pm."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_server.core.http_date import clock_offset

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
EVENING = datetime(2026, 11, 23, 21, 30, 0, tzinfo=UTC)


def collect_header(device_time: datetime) -> str:
    """Write the Date header as Collect does."""
    return device_time.astimezone(UTC).strftime("%a, %d %b %Y %I:%M:%S GMT")


def test_a_good_clock_has_no_offset_in_the_evening() -> None:
    assert clock_offset("Mon, 23 Nov 2026 09:30:00 GMT", EVENING, None) == 0


@pytest.mark.parametrize("hour", range(24))
def test_a_good_clock_has_no_offset_at_any_hour(hour: int) -> None:
    at = NOON.replace(hour=hour)
    assert clock_offset(collect_header(at), at, None) == 0


def test_the_end_tells_apart_what_nearness_alone_gets_wrong() -> None:
    morning = NOON.replace(hour=11)
    device = morning + timedelta(hours=11, minutes=30)
    assert clock_offset(collect_header(device), morning, None) == -30 * 60
    assert clock_offset(collect_header(device), morning, device - timedelta(minutes=2)) == 11.5 * 3600


def test_an_end_within_the_same_second_rules_nothing_out() -> None:
    end = EVENING + timedelta(milliseconds=700)
    assert clock_offset(collect_header(EVENING), EVENING + timedelta(seconds=2), end) == -2


def test_an_end_after_both_moments_is_not_believed() -> None:
    assert clock_offset(collect_header(EVENING), EVENING, EVENING + timedelta(days=3)) == 0


def test_an_end_without_a_zone_is_not_believed() -> None:
    assert clock_offset(collect_header(EVENING), EVENING, datetime(2030, 1, 1)) == 0


def test_a_clock_years_off_is_said_so() -> None:
    offset = clock_offset("Thu, 01 Jan 2015 03:00:00 GMT", NOON, None)
    assert offset is not None
    assert offset < -11 * 365 * 86400


def test_a_24_hour_header_as_enketo_sends_it_has_one_meaning() -> None:
    assert clock_offset("Mon, 23 Nov 2026 21:30:00 GMT", NOON, None) == 9.5 * 3600
    assert clock_offset("Mon, 23 Nov 2026 00:00:00 GMT", NOON, None) == -12 * 3600


@pytest.mark.parametrize("zone", ["GMT+03:00", "+0300", "UTC+3:00"])
def test_a_header_in_the_devices_zone_is_read(zone: str) -> None:
    local = EVENING.astimezone(timezone(timedelta(hours=3)))
    assert clock_offset(local.strftime("%a, %d %b %Y %I:%M:%S ") + zone, EVENING, None) == 0


@pytest.mark.parametrize(
    "header",
    [
        "",
        "الاثنين, 23 نوفمبر 2026 09:30:00 GMT",
        "Mon, 31 Feb 2026 09:30:00 GMT",
        "Mon, 23 Nov 2026 09:61:00 GMT",
        "Mon, 23 Nov 2026 99:30:00 GMT",
        "Mon, 23 Nov 2026 09:30:00 AST",
        "Mon, 23 Nov 2026 09:30:00 +9999",
        "Mon, 23 Xyz 2026 09:30:00 GMT",
        "yesterday",
    ],
)
def test_a_header_in_no_known_writing_says_nothing(header: str) -> None:
    assert clock_offset(header, NOON, None) is None


@given(st.text(max_size=60))
def test_no_header_at_all_breaks_it(header: str) -> None:
    assert clock_offset(header, NOON, None) is None


@given(
    received=st.datetimes(datetime(2020, 1, 2), datetime(2035, 1, 1), timezones=st.just(UTC)),
    off=st.integers(-30 * 86400, 30 * 86400),
)
def test_the_offset_is_right_modulo_twelve_hours_whatever_the_clock(received: datetime, off: int) -> None:
    received = received.replace(microsecond=0)
    device = received + timedelta(seconds=off)
    found = clock_offset(collect_header(device), received, device - timedelta(seconds=30))
    assert found is not None
    assert (found - off) % (12 * 3600) == 0


@given(
    received=st.datetimes(datetime(2020, 1, 2), datetime(2035, 1, 1), timezones=st.just(UTC)),
    off=st.integers(-6 * 3600 + 1, 6 * 3600 - 1),
)
def test_the_offset_is_exact_within_six_hours(received: datetime, off: int) -> None:
    received = received.replace(microsecond=0)
    device = received + timedelta(seconds=off)
    assert clock_offset(collect_header(device), received, device - timedelta(minutes=5)) == off


@given(
    header=st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),
    end=st.datetimes(timezones=st.timezones()),
)
def test_no_year_is_too_far(header: datetime, end: datetime) -> None:
    assert clock_offset(f"Mon, {header:%d %b} {header.year:04d} 09:30:00 GMT", NOON, end) is not None
