"""Write moments, numbers and names as the office reads them: in its own time zone and language."""

from collections.abc import Callable
from datetime import date, datetime
from math import ceil
from typing import Any

from flask_babel import format_date, format_datetime, format_decimal, get_locale, gettext


def local_time(moment: datetime) -> str:
    """Day and time, such as 23 Nov 2026, 14:05: always with the year, because what waits may be old."""
    comma = "،" if getattr(get_locale(), "text_direction", "ltr") == "rtl" else ","
    return str(format_datetime(moment, f"d MMM y{comma} HH:mm"))


def full_day(day: date) -> str:
    """A day as it stands above a sheet of paper, such as Monday 23 November 2026."""
    return str(format_date(day, "EEEE d MMMM y", rebase=False))


def zone_offset(moment: datetime) -> str:
    """How far a moment's zone is from UTC, such as UTC+03:00."""
    offset = f"{moment:%z}"
    return f"UTC{offset[:3]}:{offset[3:5]}"


def weekday(day: date) -> str:
    return str(format_date(day, "EEE", rebase=False))


def number(count: int) -> str:
    return str(format_decimal(count))


def data_size(count: float) -> str:
    """Bytes as people read them: 12 kB, 3.4 MB, 1.2 GB."""
    if count >= 1e9:
        return str(gettext("%(number)s GB", number=format_decimal(round(count / 1e9, 1))))
    if count >= 1e6:
        return str(gettext("%(number)s MB", number=format_decimal(round(count / 1e6, 1))))
    return str(gettext("%(number)s kB", number=format_decimal(ceil(count / 1e3))))


def first_words(text: str) -> str:
    """What stands before the colon: the name, without what it is for."""
    return text.partition(":")[0]


FILTERS: dict[str, Callable[..., Any]] = {
    "local_time": local_time,
    "weekday": weekday,
    "full_day": full_day,
    "number": number,
    "data_size": data_size,
    "first_words": first_words,
}
