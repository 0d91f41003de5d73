"""Bound a tablet's offset where it did not say its own time, or changed its clock since: by what cannot be.

A form is finished before it comes, and after the sync before. So each form bounds the offset from both sides, and
forms between which the clock was not touched bound it together. Syncs to either side help while they agree.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sync_server.core.clock_reading import RIGHT_SECONDS, Reading, Span
from sync_server.core.clock_syncs import DAY, Sync

# How many syncs to either side are asked: few enough for a clock to stay the same.
REACH = 2
_SLACK = 300.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Forms of one sync between which the clock was not changed, as far as one can see, and the offsets they leave."""

    readings: tuple[Reading, ...]
    offset: Span

    @property
    def excludes_zero(self) -> bool:
        return not (self.offset.low <= RIGHT_SECONDS and self.offset.high >= -RIGHT_SECONDS)


def split(sync: Sync, readings: Sequence[Reading]) -> list[Stretch]:
    """Split forms where more time passed on the tablet than there was between the syncs."""
    ordered = sorted((r for r in readings if r.end), key=lambda reading: (reading.shown, reading.key))
    if not ordered:
        return []
    most = max(r.came for r in ordered) - sync.floor + DAY
    cuts = [i for i, (a, b) in enumerate(pairwise(ordered), 1) if b.shown - a.shown > most]
    return [part for a, b in pairwise([0, *cuts, len(ordered)]) for part in _bound(sync, tuple(ordered[a:b]))]


def widen_evidence(stretches: Sequence[Sequence[Stretch]], index: int, stretch: Stretch) -> tuple[Span, bool]:
    """Narrow a stretch's offset by its neighbours'; tell whether the clock was certainly off on both sides of it."""
    offset, witnessed = stretch.offset, []
    for step in (-1, 1):
        witness = stretch.excludes_zero
        for at in range(index + step, index + step * (REACH + 1), step):
            if not 0 <= at < len(stretches) or not stretches[at]:
                break
            other = next((s for s in stretches[at] if s.offset.meets(offset)), None)
            if other is None:
                break
            offset = offset.within(other.offset) or offset
            witness = witness or other.excludes_zero
        witnessed.append(witness)
    return offset, all(witnessed)


def _bound(sync: Sync, readings: tuple[Reading, ...]) -> Iterator[Stretch]:
    bounds = [_bounds(sync, reading) for reading in readings]
    low, high = max(bound.low for bound in bounds), min(bound.high for bound in bounds)
    if low <= high + _SLACK and not (_overlap(readings) and high < -DAY):
        yield Stretch(readings, Span(min(low, high), max(low, high)))
        return
    # The clock was changed somewhere between: each by itself.
    yield from (Stretch((each,), bound) for each, bound in zip(readings, bounds, strict=True))


def _bounds(sync: Sync, reading: Reading) -> Span:
    """Bound the offset by one form; what may have been kept back at the sync before does not make the clock slow."""
    window, hard = sync.window(reading), sync.hard_floor(reading)
    begin = hard if hard <= reading.shown < sync.floor else window.low
    return Span(reading.shown - window.high, reading.shown - begin)


def _overlap(readings: tuple[Reading, ...]) -> bool:
    """Tell whether a form was begun before the one before was finished: as a rule, of two resets."""
    return any(b.start is not None and b.start.timestamp() < a.shown - RIGHT_SECONDS for a, b in pairwise(readings))
