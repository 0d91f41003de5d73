"""Propose when each submission of one tablet was finished, where its clock was wrong.

Three kinds of evidence, the best first. A tablet says its own time when it sends: what was filled since the sync
before was filled by that clock, or by the one of the sync before. A form is finished before it comes and after the sync
before. And a clock that nobody touches stays as wrong as it was (clock_stretches.py).

Where two clocks fit, the interval spans both, and a time that may be right is left as it is. The order in which forms
came counts for nothing within a sync: Collect sends by the tablet's own dates. The result is a function of the set.
"""

from collections.abc import Iterable, Iterator, Sequence

from sync_server.core.clock_reading import RIGHT_SECONDS, Proposal, Reading, Reason, Span, moment
from sync_server.core.clock_stretches import Stretch, split, widen_evidence
from sync_server.core.clock_syncs import Sync, group_syncs, kept_back

_RIGHT = Span(-RIGHT_SECONDS, RIGHT_SECONDS)
_MINUTE = 60.0


def repair(readings: Iterable[Reading]) -> list[Proposal]:
    """Propose a time for each reading of one tablet, oldest receipt first; `key` must be unique among them."""
    syncs = group_syncs(readings)
    untold = [split(kept_back(syncs, index), _untold(sync)) for index, sync in enumerate(syncs)]
    return [each for index in range(len(syncs)) for each in _of_sync(syncs, untold, index)]


def _untold(sync: Sync) -> Sequence[Reading]:
    return () if sync.measured else sync.readings


def _of_sync(syncs: Sequence[Sync], untold: Sequence[Sequence[Stretch]], index: int) -> Iterator[Proposal]:
    sync = syncs[index]
    placed = {r.key: _by_told_clocks(syncs, index, r) for r in sync.readings if r.end and sync.measured}
    lost = [r for r in sync.readings if r.end and placed.get(r.key) is None]
    if _was_broken_off(sync, placed.values()):
        sync = kept_back(syncs, index)
    stretches = {r.key: stretch for stretch in untold[index] or split(sync, lost) for r in stretch.readings}
    for reading in sync.readings:
        if reading.end is None:
            begin = kept_back(syncs, index).window(reading).low
            yield _say(reading, Span(begin, reading.came), None, Reason.NO_TIME)
        else:
            yield placed.get(reading.key) or _by_stretch(sync, untold, index, stretches[reading.key], reading)


def _was_broken_off(sync: Sync, placed: Iterable[Proposal | None]) -> bool:
    """Tell whether something of before the last sync came in this one: then nothing here is surely of after it."""
    return any(each is not None and each.latest.timestamp() < sync.floor for each in placed)


def _by_told_clocks(syncs: Sequence[Sync], index: int, reading: Reading) -> Proposal | None:
    """Try the clock of this sync and of the one before, then a right one; None when the form fits none of them."""
    sync = syncs[index]
    told = sync.clocks() + (syncs[index - 1].clocks() if index else [])
    at_hand = told if _was_untouched(syncs, index) else [*told, _RIGHT]
    window, late = sync.window(reading), Span(sync.hard_floor(reading), reading.came).wider(reading.doubt)
    spans = _fit(reading, at_hand, window)
    spans = spans or [*_fit(reading, told, late), *_fit(reading, [_RIGHT], window)] or _fit(reading, [_RIGHT], late)
    return _settle(reading, spans) if spans else None


def _was_untouched(syncs: Sequence[Sync], index: int) -> bool:
    """Tell whether the clock said the same at the sync before; of the first, at the one after."""
    neighbour = syncs[index - 1 if index else 1] if len(syncs) > 1 else syncs[index]
    return syncs[index].is_like(neighbour)


def _fit(reading: Reading, clocks: Sequence[Span], place: Span) -> list[Span]:
    return [span for clock in clocks if (span := _moments(reading, clock).within(place.wider(_MINUTE)))]


def _by_stretch(
    sync: Sync, untold: Sequence[Sequence[Stretch]], index: int, stretch: Stretch, reading: Reading
) -> Proposal:
    offset, is_certain = stretch.offset, True
    if untold[index]:
        offset, is_certain = widen_evidence(untold, index, stretch)
    span = _moments(reading, offset.wider(_MINUTE))
    may_be_right = not stretch.excludes_zero and reading.shown >= sync.hard_floor(reading)
    if may_be_right and (not is_certain or offset.meets(_RIGHT)):
        own = _moments(reading, stretch.offset.wider(_MINUTE))
        return _leave(reading, span) if offset.meets(_RIGHT) else _leave(reading, own, Reason.EITHER)
    is_ahead = offset.low > 0
    # The newest of several syncs was sent about when it was finished; what lost its time is anywhere in between.
    best = reading.shown - offset.low if is_ahead else span.middle
    return _say(reading, span, best, Reason.AHEAD if is_ahead else Reason.LOST)


def _moments(reading: Reading, offset: Span) -> Span:
    return Span(reading.shown - offset.high, reading.shown - offset.low).wider(reading.doubt)


def _settle(reading: Reading, spans: Sequence[Span]) -> Proposal:
    """Propose by the first span; leave as it is what may be right by any."""
    hull = Span(min(span.low for span in spans), max(span.high for span in spans))
    shown = Span(reading.shown, reading.shown)
    right = [span.meets(shown, slack=RIGHT_SECONDS) for span in spans]
    if any(right):
        return _leave(reading, hull, Reason.AS_IT_IS if all(right) else Reason.EITHER)
    return _say(reading, hull, spans[0].middle, Reason.MEASURED)


def _leave(reading: Reading, span: Span, reason: Reason = Reason.AS_IT_IS) -> Proposal:
    return _say(reading, Span(min(span.low, reading.shown), max(span.high, reading.shown)), reading.shown, reason)


def _say(reading: Reading, span: Span, best: float | None, reason: Reason) -> Proposal:
    """Put it in words of time. Nothing is proposed after the receipt, but what is left as it is may be by a minute."""
    latest = moment(min(span.high, reading.came + reading.doubt))
    is_left = best is not None and best == reading.shown
    proposed = reading.end if is_left else moment(min(best, reading.came)) if best is not None else None
    inner = [proposed] if proposed else []
    return Proposal(
        key=reading.key,
        original=reading.end,
        proposed=proposed,
        earliest=min([moment(span.low), latest, *inner]),
        latest=max([latest, *inner]),
        received_at=reading.received_at,
        reason=reason,
    )
