"""One tablet's clock: what is proposed for each of its submissions, and how far off it was in the course of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sync_server.core.clock_reading import Proposal, Reason
from sync_server.core.clock_summary import WrongFor, sum_up

# Of these the tablet's own clock is known to have been right.
_KNOWN_RIGHT = (Reason.AS_IT_IS,)


@dataclass(frozen=True, slots=True)
class SubmissionTime:
    """What is proposed for one submission."""

    project_id: int
    form_id: str
    instance_id: str
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class TabletClock:
    """What is proposed for one tablet: `device` as it calls itself, `name` as the office does."""

    device: str
    name: str
    submissions: tuple[SubmissionTime, ...]

    @property
    def wrong(self) -> list[WrongFor]:
        return sum_up(each.proposal for each in self.submissions)


@dataclass(frozen=True, slots=True)
class Point:
    """How far off a clock was at a moment, in seconds; ahead is positive."""

    at: datetime
    offset: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A tablet's clock as it is looked at: counts, the times in which it was off, and points of a picture in order.

    `last` is the newest point: by how much the clock was off when last it could be told, None when it never could.
    """

    device: str
    name: str
    submissions: int
    repaired: int
    wrong: tuple[WrongFor, ...]
    points: tuple[Point, ...]

    @property
    def last(self) -> Point | None:
        return self.points[-1] if self.points else None


def follow(clock: TabletClock, *, most: int = 200) -> Course:
    """Follow a clock through its submissions. Of more than `most` points, the one that is furthest off stands for some.

    A time that may be right or wrong, and a submission without a time, make no point.
    """
    proposals = [each.proposal for each in clock.submissions]
    points = sorted((_point(p) for p in proposals if p.is_repair or p.reason in _KNOWN_RIGHT), key=lambda p: p.at)
    return Course(
        device=clock.device,
        name=clock.name,
        submissions=len(proposals),
        repaired=sum(p.is_repair for p in proposals),
        wrong=tuple(clock.wrong),
        points=tuple(_thin(points, most)),
    )


def _point(proposal: Proposal) -> Point:
    offset = proposal.offset if proposal.is_repair else 0.0
    return Point(proposal.proposed or proposal.received_at, offset or 0.0)


def _thin(points: Sequence[Point], most: int) -> list[Point]:
    """Keep the furthest off of each group of neighbours, and the newest."""
    size = -(-len(points) // most)
    if size <= 1:
        return list(points)
    groups = [points[begin : begin + size] for begin in range(0, len(points) - 1, size)]
    return [*(max(group, key=lambda point: abs(point.offset)) for group in groups), points[-1]]
