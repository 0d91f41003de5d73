"""A tablet's clock as it is looked at: counts, and points of a picture."""

from datetime import UTC, datetime, timedelta

from sync_server.core.clock_reading import Proposal, Reason
from sync_server.core.tablet_clock import Point, SubmissionTime, TabletClock, follow

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def finished(day: int, *, ahead: float = 0.0, reason: Reason = Reason.AS_IT_IS) -> SubmissionTime:
    """Finished at noon of a day, by a clock that was ahead by some hours."""
    truth, shown = NOON + timedelta(days=day), NOON + timedelta(days=day, hours=ahead)
    original = None if reason is Reason.NO_TIME else shown
    proposed = truth if ahead and original else original
    proposal = Proposal(
        key=str(day),
        original=original,
        proposed=proposed,
        earliest=truth,
        latest=truth,
        received_at=truth,
        reason=reason,
    )
    return SubmissionTime(1, "visit", f"uuid:{day}", proposal)


def clock(*submissions: SubmissionTime) -> TabletClock:
    return TabletClock("collect:abc", "Tablet 3", submissions)


def test_points_are_of_what_is_known_in_order_of_time() -> None:
    found = follow(clock(finished(2, ahead=3.0, reason=Reason.MEASURED), finished(1)))
    assert found.points == (Point(NOON + timedelta(days=1), 0.0), Point(NOON + timedelta(days=2), 10_800.0))
    assert found.last == Point(NOON + timedelta(days=2), 10_800.0)
    assert (found.submissions, found.repaired, len(found.wrong)) == (2, 1, 1)


def test_what_may_be_right_or_wrong_makes_no_point() -> None:
    found = follow(clock(finished(1, reason=Reason.EITHER), finished(2, reason=Reason.NO_TIME)))
    assert (found.points, found.last, found.submissions) == ((), None, 2)


def test_of_many_points_the_furthest_off_and_the_newest_are_kept() -> None:
    times = [finished(day, ahead=5.0 if day == 37 else 0.0, reason=Reason.MEASURED) for day in range(1000)]
    points = follow(clock(*times), most=50).points
    assert len(points) <= 51
    assert max(points, key=lambda point: point.offset).at == NOON + timedelta(days=37)
    assert points[-1].at == NOON + timedelta(days=999)
    assert list(points) == sorted(points, key=lambda point: point.at)
