"""Tablets' clocks as CSV: a row for each time in which a clock was off, or one for each submission.

Moments are local and carry their zone; an offset is the tablet's clock minus the true time, in seconds.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sync_server.core.clock_summary import WrongFor
from sync_server.core.tablet_clock import SubmissionTime, TabletClock
from sync_server.exporters.csv_text import csv_line, csv_lines

_OFFSETS = (
    "device", "name", "offset_seconds", "offset_from", "offset_to", "submissions", "since", "until", "reason", "why",
)  # fmt: skip
_TIMES = (
    "device", "name", "project", "form", "instance", "received", "original", "proposed", "earliest", "latest",
    "reason", "why",
)  # fmt: skip


def write_offsets(clocks: Iterable[TabletClock], zone: ZoneInfo) -> Iterator[str]:
    """Write a row for each time in which a clock was off by as much, tablet by tablet."""
    yield csv_line(_OFFSETS)
    for clock in clocks:
        yield csv_lines((clock.device, clock.name, *_offset_cells(each, zone)) for each in clock.wrong)


def write_times(clocks: Iterable[TabletClock], zone: ZoneInfo) -> Iterator[str]:
    """Write a row for each submission, those left as they are too, tablet by tablet."""
    yield csv_line(_TIMES)
    for clock in clocks:
        yield csv_lines((clock.device, clock.name, *_time_cells(each, zone)) for each in clock.submissions)


def _offset_cells(each: WrongFor, zone: ZoneInfo) -> Sequence[str]:
    offsets = (each.offset, each.offsets.low, each.offsets.high)
    return (
        *(f"{offset:.0f}" for offset in offsets), str(each.submissions), _say(each.since, zone), _say(each.until, zone),
        each.reason.value, each.reason.text,
    )  # fmt: skip


def _time_cells(each: SubmissionTime, zone: ZoneInfo) -> Sequence[str]:
    p = each.proposal
    moments = (p.received_at, p.original, p.proposed, p.earliest, p.latest)
    times = (_say(moment, zone) for moment in moments)
    return (str(each.project_id), each.form_id, each.instance_id, *times, p.reason.value, p.reason.text)


def _say(moment: datetime | None, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="milliseconds") if moment else ""
