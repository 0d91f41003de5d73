"""Cases of clock repair that read like the manual, and what holds for any readings at all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from sync_server.core.clock_reading import Proposal, Reading, Reason
from sync_server.core.clock_repair import repair

BAGHDAD = timezone(timedelta(hours=3))
PUBLISHED = datetime(2026, 5, 1, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def at(day: int, hour: float, zone: timezone = BAGHDAD) -> datetime:
    """Give a moment of June 2026, by the clock on the wall in Baghdad, written in a zone."""
    return (datetime(2026, 6, 1, tzinfo=BAGHDAD) + timedelta(days=day - 1, hours=hour)).astimezone(zone)


def form(key: str, shown: datetime, received: datetime, off: timedelta | None = None) -> Reading:
    """A form of half an hour; `off` is what the tablet said its clock was off when it sent."""
    said = off.total_seconds() if off is not None else None
    begun = shown - 30 * MINUTE
    return Reading(key=key, start=begun, end=shown, received_at=received, clock_offset=said, not_before=PUBLISHED)


def by_key(*readings: Reading) -> dict[str, Proposal]:
    return {proposal.key: proposal for proposal in repair(readings)}


def holds(proposal: Proposal, truth: datetime, *, width: timedelta) -> bool:
    is_narrow = proposal.latest - proposal.earliest <= width
    return proposal.earliest <= truth <= proposal.latest and is_narrow


def test_a_right_clock_is_left_as_it_is() -> None:
    found = by_key(form("a", at(1, 10), at(1, 16), 0 * HOUR), form("b", at(2, 10), at(2, 16), 0 * HOUR))
    assert {p.reason for p in found.values()} == {Reason.AS_IT_IS}
    assert all(p.proposed == p.original and not p.is_repair for p in found.values())


def test_a_clock_that_began_anew_in_1970_is_put_right_by_what_it_said_when_it_sent() -> None:
    lost = datetime(1970, 1, 1, 2, tzinfo=UTC) - at(2, 9)
    found = by_key(
        form("before", at(1, 10), at(1, 16), 0 * HOUR),
        form("in 1970", at(2, 10) + lost, at(2, 16), lost),
    )
    assert found["in 1970"].reason is Reason.MEASURED
    assert holds(found["in 1970"], at(2, 10), width=5 * MINUTE)


def test_a_clock_that_began_anew_and_was_put_right_before_it_sent_is_placed_between_the_syncs() -> None:
    lost = datetime(1970, 1, 1, tzinfo=UTC) - at(2, 9)
    found = by_key(
        form("before", at(1, 10), at(1, 16), 0 * HOUR),
        form("first", at(2, 10) + lost, at(3, 16), 0 * HOUR),
        form("last", at(3, 10) + lost, at(3, 16), 0 * HOUR),
    )
    assert {found["first"].reason, found["last"].reason} == {Reason.LOST}
    assert holds(found["first"], at(2, 10), width=25 * HOUR)
    assert holds(found["last"], at(3, 10), width=25 * HOUR)
    assert found["first"].latest <= at(3, 16) - 23 * HOUR, "a day passed on the tablet between the two"


def test_a_battery_that_died_at_noon_leaves_the_morning_as_it_is() -> None:
    lost = datetime(2022, 3, 1, tzinfo=UTC) - at(2, 12)
    found = by_key(
        form("before", at(1, 10), at(1, 16), 0 * HOUR),
        form("morning", at(2, 10), at(2, 16), lost),
        form("afternoon", at(2, 14) + lost, at(2, 16), lost),
    )
    assert (found["morning"].reason, found["afternoon"].reason) == (Reason.AS_IT_IS, Reason.MEASURED)
    assert holds(found["afternoon"], at(2, 14), width=5 * MINUTE)


def test_a_tablet_in_another_zone_with_a_right_clock_is_right() -> None:
    found = by_key(form("a", at(1, 10, UTC), at(1, 16), 0 * HOUR), form("b", at(2, 10, UTC), at(2, 16), 0 * HOUR))
    assert not any(p.is_repair for p in found.values())


def test_a_clock_set_to_the_wall_in_the_wrong_zone_is_off_by_the_zone() -> None:
    """Somebody left the zone at GMT and set the hour by a watch: the tablet writes 10:00 and means 13:00 in Baghdad."""
    off = 3 * HOUR
    found = by_key(*(form(f"{day}", at(day, 10) + off, at(day, 11), off) for day in (1, 2, 3)))
    assert all(p.reason is Reason.MEASURED and holds(p, at(int(key), 10), width=5 * MINUTE) for key, p in found.items())


def test_a_clock_corrected_by_the_network_leaves_what_fits_either_clock() -> None:
    found = by_key(
        form("before", at(1, 10) + HOUR, at(1, 16), HOUR),
        form("yesterday", at(2, 10) + HOUR, at(2, 16), HOUR),
        form("today", at(3, 10) + HOUR, at(3, 16), 0 * HOUR),
    )
    assert (found["before"].reason, found["yesterday"].reason) == (Reason.MEASURED, Reason.MEASURED)
    assert (found["today"].reason, found["today"].proposed) == (Reason.EITHER, found["today"].original)
    assert holds(found["today"], at(3, 10), width=HOUR + 5 * MINUTE)


def test_a_tablet_that_says_no_time_is_ahead_when_its_forms_come_before_they_are_finished() -> None:
    off = 3 * HOUR
    found = by_key(*(form(f"{day}", at(day, 10) + off, at(day, 10.5)) for day in range(1, 6)))
    assert found["3"].reason is Reason.AHEAD
    assert found["3"].proposed is not None
    assert abs(found["3"].proposed - at(3, 10)) <= HOUR
    assert found["3"].earliest <= at(3, 10) <= found["3"].latest


def test_what_was_kept_back_at_a_sync_is_no_reason_to_doubt_the_clock() -> None:
    found = by_key(
        form("sent", at(1, 9), at(1, 16), 0 * HOUR),
        form("kept back", at(1, 10), at(2, 16), 0 * HOUR),
        form("new", at(2, 10), at(2, 16.01), 0 * HOUR),
    )
    assert {p.reason for p in found.values()} == {Reason.AS_IT_IS}


def test_a_sealed_form_has_an_interval_and_no_proposal() -> None:
    sealed = Reading(key="sealed", start=None, end=None, received_at=at(2, 16), clock_offset=0.0)
    found = by_key(form("before", at(1, 10), at(1, 16), 0 * HOUR), sealed)["sealed"]
    assert (found.reason, found.proposed, found.is_repair) == (Reason.NO_TIME, None, False)
    assert found.earliest <= at(1, 16) <= found.latest


def test_the_example_of_the_manual() -> None:
    """docs/clock-repair.md; there a minute counts on either side for the office's own clock."""
    lost = datetime(1970, 1, 1, 10, tzinfo=BAGHDAD) - at(3, 16)
    readings = (
        form("1", at(1, 10), at(1, 16), 0 * HOUR),
        form("2", at(2, 10), at(2, 16), 0 * HOUR),
        form("3", datetime(1970, 1, 1, 5, tzinfo=BAGHDAD), at(3, 16), lost),
        form("4", datetime(1970, 1, 2, 4, tzinfo=BAGHDAD), at(4, 16), 0 * HOUR),
        Reading(key="5", start=None, end=None, received_at=at(4, 16), clock_offset=0.0, not_before=PUBLISHED),
    )
    found = by_key(*(replace(reading, doubt=60.0) for reading in readings))
    reasons = [found[key].reason for key in "12345"]
    assert reasons == [Reason.AS_IT_IS, Reason.AS_IT_IS, Reason.MEASURED, Reason.MEASURED, Reason.NO_TIME]
    assert holds(found["3"], at(3, 11), width=4 * MINUTE)
    assert holds(found["4"], at(4, 10), width=4 * MINUTE)
    assert (found["5"].earliest, found["5"].latest) == (at(2, 16) - MINUTE, at(4, 16))


moments = st.one_of(
    st.datetimes(datetime(2026, 6, 1), datetime(2026, 6, 9), timezones=st.just(UTC)),
    st.datetimes(datetime(1970, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
)
anything = st.builds(
    Reading,
    key=st.uuids().map(str),
    start=st.none() | moments,
    end=st.none() | moments,
    received_at=st.datetimes(datetime(2026, 6, 1), datetime(2026, 6, 9), timezones=st.just(UTC)),
    clock_offset=st.none() | st.floats(-2e9, 2e9) | st.sampled_from((0.0, 3600.0, -43200.0)),
    not_before=st.none() | st.just(PUBLISHED),
    doubt=st.sampled_from((0.0, 60.0)),
)
several = st.lists(anything, max_size=12, unique_by=lambda reading: reading.key)


@given(several, st.randoms(use_true_random=False))
def test_the_order_in_which_they_are_told_does_not_matter(readings: list[Reading], chance) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(readings)
    chance.shuffle(shuffled)
    assert repair(shuffled) == repair(readings)


@given(several)
def test_nothing_is_proposed_after_it_came_nor_outside_its_interval(readings: list[Reading]) -> None:
    found = repair(readings)
    assert sorted(p.key for p in found) == sorted(reading.key for reading in readings)
    for proposal in found:
        assert proposal.earliest <= proposal.latest
        if proposal.proposed is not None:
            assert proposal.earliest <= proposal.proposed <= proposal.latest
        if proposal.is_repair and proposal.proposed is not None:
            assert proposal.proposed <= proposal.received_at
        if not proposal.is_repair:
            assert proposal.proposed == proposal.original
