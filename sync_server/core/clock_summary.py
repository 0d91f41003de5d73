"""Sum up the proposals of one tablet: by how much its clock was off, since when, and for how many submissions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sync_server.core.clock_reading import Proposal, Reason, Span

_ALIKE = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongFor:
    """A time in which a clock was off by as much. `offset` is the clock minus the true time, in seconds."""

    offset: float
    offsets: Span
    submissions: int
    since: datetime
    until: datetime
    reason: Reason


def sum_up(proposals: Iterable[Proposal]) -> list[WrongFor]:
    """Put repairs that follow each other and are alike into one, the earliest first."""
    groups: list[list[Proposal]] = []
    for each in sorted((p for p in proposals if p.is_repair), key=_order):
        if groups and _continues(groups[-1], each):
            groups[-1].append(each)
        else:
            groups.append([each])
    return [_wrong_for(group) for group in groups]


def _order(each: Proposal) -> tuple[float, str]:
    return (each.proposed or each.received_at).timestamp(), each.key


def _continues(group: Sequence[Proposal], each: Proposal) -> bool:
    last = group[-1]
    near = abs((last.offset or 0) - (each.offset or 0)) <= _ALIKE
    return last.reason is each.reason and (near or _offsets(last).meets(_offsets(each)))


def _offsets(each: Proposal) -> Span:
    shown = (each.original or each.received_at).timestamp()
    return Span(shown - each.latest.timestamp(), shown - each.earliest.timestamp())


def _wrong_for(group: Sequence[Proposal]) -> WrongFor:
    spans, offsets = [_offsets(each) for each in group], sorted(each.offset or 0.0 for each in group)
    times = [each.proposed or each.received_at for each in group]
    return WrongFor(
        offset=offsets[len(offsets) // 2],
        offsets=Span(min(span.low for span in spans), max(span.high for span in spans)),
        submissions=len(group),
        since=min(times),
        until=max(times),
        reason=group[0].reason,
    )
