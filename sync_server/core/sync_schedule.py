"""When to synchronise with a centre: in turn, soon after something new, at once when asked for, later when it failed.

A pure decision over what is known at a moment, so that every case can be said in a table (tests/core).
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=1)
HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
RETRY_SPREAD, TURN_SPREAD = 0.5, 0.1
"""How much of a wait is chance: many hubs whose centre was away must not come back in one minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRule:
    """What the operator chose. `turn` None: only on demand."""

    turn: timedelta | None
    quiet: timedelta
    never: tuple[time, time] | None  # from, to, in local time; it may go over midnight


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncMoment:
    """How it stands with one centre. `newest_at`: when the last thing that waits to be sent came, None: nothing waits.

    `chance` is a number from 0 to 1, the same for one wait.
    """

    is_wanted: bool
    tried_at: datetime | None
    failed_at: datetime | None
    failures: int
    newest_at: datetime | None
    chance: float = 0.0


def make_rule(*, minutes: int, quiet_seconds: int, quiet_hours: str) -> SyncRule:
    """Read the rule from the settings."""
    turn = timedelta(minutes=minutes) if minutes else None
    return SyncRule(turn=turn, quiet=timedelta(seconds=quiet_seconds), never=parse_hours(quiet_hours))


def parse_hours(text: str) -> tuple[time, time] | None:
    """Read hours such as 22:00-05:00; none from an empty text. Raise ValueError for anything else."""
    if not text:
        return None
    found = HOURS.fullmatch(text)
    if found is None:
        raise ValueError(text)
    begin, begin_minute, end, end_minute = map(int, found.groups())
    return time(begin, begin_minute), time(end, end_minute)


def is_due(now: datetime, rule: SyncRule, moment: SyncMoment) -> bool:
    """Tell whether to begin a round; `now` in local time, for the hours in which none goes."""
    if moment.is_wanted:
        return True
    if rule.turn is None or _is_within(now, rule.never):
        return False
    if moment.failures and moment.failed_at is not None:
        return _is_over(moment.failed_at, _retry_after(moment.failures, moment.chance), now)
    if moment.newest_at is not None and _is_over(moment.newest_at, rule.quiet, now):
        return True
    return moment.tried_at is None or _is_over(moment.tried_at, rule.turn * (1 - TURN_SPREAD * moment.chance), now)


def _retry_after(failures: int, chance: float) -> timedelta:
    doublings: int = min(failures - 1, 10)  # beyond that it is the longest anyhow, and numbers stay small
    return min(FIRST_RETRY * (1 << doublings), LONGEST_RETRY) * (1 - RETRY_SPREAD * chance)


def _is_over(since: datetime, wait: timedelta, now: datetime) -> bool:
    """Tell whether a wait is over; a beginning in the future was noted before the clock was set back."""
    return not since <= now < since + wait


def _is_within(now: datetime, hours: tuple[time, time] | None) -> bool:
    if hours is None:
        return False
    begin, end = hours
    at = now.time()
    return begin <= at < end if begin <= end else at >= begin or at < end
