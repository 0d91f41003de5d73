"""Which back-ups stay: the newest of each of the last days and weeks that have one, and never none."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta


def expiry(made_at: datetime, *, days: int, weeks: int) -> datetime:
    """Return when a back-up made now must be gone: what was erased since lives on in it until then."""
    return made_at + max(timedelta(days=days), timedelta(weeks=weeks))


def kept(times: Iterable[datetime], *, days: int, weeks: int) -> set[datetime]:
    """Choose the back-ups to keep: the newest of each of the last `days` days and `weeks` weeks that have one."""
    newest_first = sorted(times, reverse=True)
    chosen = set(newest_first[:1])
    chosen |= _newest_of_each(newest_first, days, lambda time: time.strftime("%Y-%m-%d"))
    return chosen | _newest_of_each(newest_first, weeks, lambda time: time.strftime("%G-%V"))


def _newest_of_each(newest_first: Iterable[datetime], count: int, period: Callable[[datetime], str]) -> set[datetime]:
    found: dict[str, datetime] = {}
    for time in newest_first:
        if len(found) == count and period(time) not in found:
            break
        found.setdefault(period(time), time)
    return set(found.values()) if count else set()
