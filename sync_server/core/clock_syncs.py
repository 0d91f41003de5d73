"""Put a tablet's receipts together into syncs, and say what its clock showed at each.

Collect says its own time with every upload, but on a 12-hour clock (core/http_date.py): a measured offset may be the
true one plus or minus twelve hours. Which half it is, the forms tell: a form is finished after the sync before and
before the one that brought it. What no form can tell keeps both.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from sync_server.core.clock_reading import RIGHT_SECONDS, Reading, Span

DAY = 86_400.0
HALF_A_DAY = DAY / 2
# A bad line takes its time over photos; what comes within this of the one before was sent in one go.
_PAUSE = 1800.0
# Neighbours are asked that far: two weeks or so of work.
_REACH = 10
# Before its first sync a tablet was filled for that long at most.
_FIRST = 60 * DAY
# A header has whole seconds, and is written before its photos travel.
_ROUNDING, _TRAVEL, _LONGEST_TRAVEL = 5.0, 60.0, 900.0
# Quartz in a tablet: 50 parts in a million.
DRIFT_PER_DAY = 5.0
_DRIFTED = 14.0  # days; later on a clock has been set


@dataclass(frozen=True, slots=True)
class Sync:
    """What came in one go, in the order it came. `floor` is the begin of the sync before, `hard` where all begins.

    A form may be of before the floor, when it was kept back; of before `hard` it cannot be.
    """

    readings: tuple[Reading, ...]
    floor: float
    hard: float
    measured: tuple[float, ...] = ()

    @property
    def began(self) -> float:
        return self.readings[0].came

    @property
    def days(self) -> float:
        """For how long it drifted since the sync before; of the first sync nobody knows."""
        return min(_DRIFTED, max(0.0, self.readings[-1].came - self.floor) / DAY)

    def clocks(self) -> list[Span]:
        """The offsets that the clock may have had when it sent."""
        slack = DRIFT_PER_DAY * self.days
        return [Span(offset - _ROUNDING - slack, offset + _TRAVEL + slack) for offset in self.measured]

    def is_like(self, other: "Sync") -> bool:
        """Tell whether the clock was off by the same at another one."""
        return any(abs(a - b) <= _LONGEST_TRAVEL for a in self.measured for b in other.measured)

    def hard_floor(self, reading: Reading) -> float:
        known = reading.not_before.timestamp() if reading.not_before else self.hard
        return max(self.hard, min(known, reading.came))

    def window(self, reading: Reading) -> Span:
        """When it can have been finished, if it was not kept back."""
        return Span(min(max(self.floor, self.hard_floor(reading)), reading.came), reading.came).wider(reading.doubt)


def group_syncs(readings: Iterable[Reading]) -> list[Sync]:
    """Put readings, in any order, into syncs; the first is the oldest."""
    ordered = sorted(readings, key=lambda reading: (reading.came, reading.key))
    if not ordered:
        return []
    cuts = [i for i, (a, b) in enumerate(pairwise(ordered), 1) if b.came - a.came > _PAUSE]
    groups = [tuple(ordered[a:b]) for a, b in pairwise([0, *cuts, len(ordered)])]
    hard = ordered[0].came - _FIRST
    floors = [hard, *(group[0].came for group in groups)]
    syncs = [Sync(group, floor, hard, _measure(group)) for group, floor in zip(groups, floors, strict=False)]
    return list(_choose_halves(syncs))


def kept_back(syncs: Sequence[Sync], index: int) -> Sync:
    """Take a sync as if the one before had been broken off: where no time was told, nothing would say that it was."""
    return replace(syncs[index], floor=syncs[index - 1].floor) if index else syncs[index]


def fits(reading: Reading, offset: float, window: Span) -> bool:
    slack = RIGHT_SECONDS / 2
    return window.low - slack <= reading.shown - offset <= window.high + slack


def _measure(group: Sequence[Reading]) -> tuple[float, ...]:
    """Tell the offsets said in one sync: one as a rule, more when the clock was changed in the middle of it."""
    found: list[float] = []
    for said in sorted((r.clock_offset for r in group if r.clock_offset is not None), key=lambda s: (abs(s), s)):
        near = next((i for i, other in enumerate(found) if is_alike(said, other, within=_LONGEST_TRAVEL)), None)
        if near is None:
            found.append(said)
        elif abs(said - found[near]) > HALF_A_DAY / 2:
            found[near] = said  # further off by half a day: an `end` ruled the nearer out
        else:
            found[near] = max(said, found[near])  # the one that travelled least
    return tuple(found)


def _other_half(offset: float, came: float) -> float | None:
    """Return what else the header can have meant: it is in GMT, with the day, and without am or pm.

    None where the other would have been nearer, and was ruled out when it came.
    """
    is_afternoon = (came + offset) % DAY >= HALF_A_DAY
    other = offset - HALF_A_DAY if is_afternoon else offset + HALF_A_DAY
    return other if abs(other) >= abs(offset) else None


def _choose_halves(syncs: Sequence[Sync]) -> Iterator[Sync]:
    for index, sync in enumerate(syncs):
        chosen = [half for offset in sync.measured for half in _halves(syncs, index, offset)]
        yield replace(sync, measured=tuple(dict.fromkeys(chosen)))


def _halves(syncs: Sequence[Sync], index: int, offset: float) -> list[float]:
    """Choose by the forms of all neighbouring syncs at which the clock was off by as much."""
    other = _other_half(offset, syncs[index].began)
    if abs(offset) <= RIGHT_SECONDS or other is None:
        return [offset]
    votes = [_vote(syncs, at, offset, other) for at in _alike(syncs, index, offset)]
    these, those = sum(vote[0] for vote in votes), sum(vote[1] for vote in votes)
    if these == those:
        # A clock stands still for half a day, or is wrong by a zone; hardly one is more than half a day ahead.
        return [offset] if 0 < other < DAY else [offset, other]
    return [offset] if these > those else [other]


def _alike(syncs: Sequence[Sync], index: int, offset: float) -> Iterator[int]:
    """Number the neighbours, and itself, between which the clock was off by as much all the time."""
    for step in (-1, 1):
        for at in range(index if step == 1 else index - 1, index + step * (_REACH + 1), step):
            if not 0 <= at < len(syncs) or not _says(syncs[at], offset):
                break
            yield at


def _says(sync: Sync, offset: float) -> bool:
    return any(abs(other) > RIGHT_SECONDS and is_alike(offset, other) for other in sync.measured)


def is_alike(offset: float, other: float, *, within: float = 2 * RIGHT_SECONDS) -> bool:
    """Tell whether two offsets are about the same, apart from half days."""
    apart = abs(offset - other) % HALF_A_DAY
    return abs(offset - other) < DAY and min(apart, HALF_A_DAY - apart) <= within


def _vote(syncs: Sequence[Sync], index: int, this: float, other: float) -> tuple[int, int]:
    """Count the forms that fit only the one, and only the other; those of before the clock was changed have no say."""
    sync, before = syncs[index], syncs[index - 1] if index else None
    earlier = before.measured if before and not _says(before, this) else ()
    timed = [(r, sync.window(r)) for r in sync.readings if r.end]
    asked = [(r, window) for r, window in timed if not any(fits(r, offset, window) for offset in earlier)]
    fit = [(fits(r, this, window), fits(r, other, window)) for r, window in asked]
    return sum(a and not b for a, b in fit), sum(b and not a for a, b in fit)
