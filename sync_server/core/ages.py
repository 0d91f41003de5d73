"""Ages as people write them in a retention rule: 30d, 6w, 24m, 2y; months and years are those of the calendar."""

import re
from calendar import monthrange
from datetime import datetime, timedelta

_AGE = re.compile(r"\s*([1-9][0-9]{0,3})\s*([dwmy])\s*", re.IGNORECASE)


def before_age(now: datetime, age: str) -> datetime:
    """Return the moment that lies an age before `now`; raise ValueError when it is no age."""
    found = _AGE.fullmatch(age)
    if not found:
        raise ValueError(age)
    count, unit = int(found[1]), found[2].lower()
    if unit in "dw":
        return now - timedelta(days=count * (7 if unit == "w" else 1))
    return _months_before(now, count * (12 if unit == "y" else 1))


def _months_before(now: datetime, months: int) -> datetime:
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    if year < 1:
        raise ValueError(months)
    return now.replace(year=year, month=month + 1, day=min(now.day, monthrange(year, month + 1)[1]))
