"""Read a day as people write it for a program."""

from datetime import date

_YEARS = range(1900, 3000)  # further off, a day has no moment in some time zone


def parse_day(text: str) -> date:
    """Return the day of a text such as 2026-11-23; raise ValueError for anything else, and for a day far off."""
    day = date.fromisoformat(text)
    if day.year not in _YEARS:
        raise ValueError(text)
    return day
