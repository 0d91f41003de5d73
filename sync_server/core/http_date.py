"""Estimate how far a tablet's clock is off, from the Date header of its upload.

Collect writes that header with a 12-hour clock and no am/pm (pattern `E, dd MMM yyyy hh:mm:ss zz`), so every header
names two moments, twelve hours apart. A tablet cannot send a form before it was finished, so a moment before the
submission's own `end` is ruled out; of those left the one nearer to the server's clock is taken.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE = re.compile(
    r"\A\s*[A-Za-z]{3,9},?\s+(\d{1,2})[ -]([A-Za-z]{3})[a-z]*[ -](\d{4})"
    r"\s+(\d{1,2}):(\d{2}):(\d{2})\s+([A-Za-z0-9:+-]+)\s*\Z"
)
_ZONE = re.compile(r"\A(?:GMT|UTC|Z)?(?:([+-])(\d{1,2}):?(\d{2}))?\Z")
# The header has whole seconds, `end` has milliseconds.
_ROUNDING = timedelta(seconds=1)


def clock_offset(date_header: str, received_at: datetime, end: datetime | None) -> float | None:
    """Return the device's clock minus the server's, in seconds; None when the header cannot be read.

    A tablet more than twelve hours slow, or one that sends days after `end`, may be told wrong by twelve hours.
    """
    moments = _read_moments(date_header)
    if not moments:
        return None
    possible = [moment for moment in moments if _is_after(moment, end)] or moments
    offsets = [(moment - received_at).total_seconds() for moment in possible]
    return min(offsets, key=abs)


def _is_after(moment: datetime, end: datetime | None) -> bool:
    # As a difference: an `end` in year 1 has no moment before it.
    return end is None or end.tzinfo is None or end - moment <= _ROUNDING


@lru_cache(maxsize=64)  # tablets that send in the same second say the same
def _read_moments(header: str) -> list[datetime]:
    """List the moments a header can mean: one where the hour shows a 24-hour clock (Enketo's), else two."""
    match = _DATE.match(header)
    if match is None:
        return []
    day, month, year, hour, minute, second, zone = match.groups()
    offset = _read_zone(zone)
    if offset is None or month.lower() not in _MONTHS:
        return []
    hours = (int(hour),) if int(hour) == 0 or int(hour) > 12 else (int(hour) % 12, int(hour) % 12 + 12)
    try:
        return [
            datetime(int(year), _MONTHS.index(month.lower()) + 1, int(day), h, int(minute), int(second), tzinfo=offset)
            for h in hours
        ]
    except ValueError:
        return []


def _read_zone(zone: str) -> timezone | None:
    match = _ZONE.match(zone)
    if match is None:
        return None
    sign, hours, minutes = match.groups()
    if sign is None:
        return UTC
    delta = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-delta if sign == "-" else delta) if delta < timedelta(hours=24) else None
