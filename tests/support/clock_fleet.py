"""A made-up fleet whose clocks go wrong as clocks in the field do, with the truth beside what the server was told.

It knows nothing of how clocks are repaired. Each tablet has a habit of its own: right, off by a constant, losing its
time when the battery dies, or set by hand; some are put right by the network, some never are.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

from sync_server.core.clock_reading import Reading
from sync_server.core.http_date import clock_offset

BEGAN = datetime(2026, 6, 1, tzinfo=UTC)
PUBLISHED = BEGAN - timedelta(days=20)
BAGHDAD = timezone(timedelta(hours=3))
HABITS = {"right": 50, "off": 15, "resets": 20, "by_hand": 10, "untold": 5}
DAY = 86_400.0
LOST = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2022, 3, 1, tzinfo=UTC))
HUB_ERRORS = (0.0, 40.0, -55.0)


@dataclass
class Clock:
    """Shows a moment plus an error that drifts and jumps."""

    error: float
    drift: float
    since: float

    def shown(self, now: float) -> float:
        return now + self.error + self.drift * (now - self.since)

    def set(self, now: float, to: float) -> None:
        self.error, self.since = to - now, now


@dataclass
class Tablet:
    """What one did in the time: readings as the server has them, and by their keys when each was finished in truth."""

    name: str
    habit: str
    says_date: bool
    readings: list[Reading] = field(default_factory=list)
    truth: dict[str, datetime] = field(default_factory=dict)


def make_fleet(seed: int, *, tablets: int = 60, days: int = 90) -> list[Tablet]:
    print(f"fleet seed {seed}")
    chance = random.Random(seed)
    habits = chance.choices(list(HABITS), list(HABITS.values()), k=tablets)
    return [_Life(chance, f"tablet {n}", habit).live(days) for n, habit in enumerate(habits)]


class _Life:
    def __init__(self, chance: random.Random, name: str, habit: str) -> None:
        self._chance = chance
        self._habit = chance.choice(("right", "off", "resets")) if habit == "untold" else habit
        # Old clients and other apps say no Date; so does one in ten of the rest.
        says_date = habit != "untold" and chance.random() < 0.9
        self._tablet = Tablet(name, self._habit, says_date)
        self._clock = Clock(self._first_error(), chance.uniform(-2e-5, 2e-5), BEGAN.timestamp())
        self._is_automatic = self._habit in ("right", "resets") and chance.random() < 0.7
        self._is_sealed = chance.random() < 0.05
        self._hub_error = chance.choice(HUB_ERRORS)
        self._zone = BAGHDAD if chance.random() < 0.9 else UTC
        self._waiting: list[tuple[str, float, float, float]] = []

    def live(self, days: int) -> Tablet:
        gone_until = 0
        for day in range(days):
            if day >= gone_until and self._chance.random() < 0.02:
                gone_until = day + self._chance.randint(5, 14)
            self._work(BEGAN.timestamp() + day * DAY, is_offline=day < gone_until)
        self._sync(BEGAN.timestamp() + days * DAY)
        return self._tablet

    def _work(self, midnight: float, *, is_offline: bool) -> None:
        if self._chance.random() < 0.25:
            return
        now = midnight + self._chance.uniform(4, 6) * 3600
        if not is_offline and self._chance.random() < 0.3:  # in the morning, at the office
            self._sync(now)
        for _ in range(self._chance.randint(0, 6)):
            now += self._chance.expovariate(1 / 2400)
            self._upset(now)
            now = self._fill(now)
        if not is_offline and self._chance.random() < 0.6:
            self._sync(now + self._chance.expovariate(1 / 5400))

    def _fill(self, begun: float) -> float:
        finished = begun + self._chance.uniform(180, 3600)
        key = f"{self._tablet.name}/{len(self._tablet.truth)}"
        self._waiting.append((key, self._clock.shown(begun), self._clock.shown(finished), finished))
        self._tablet.truth[key] = datetime.fromtimestamp(finished, UTC)
        return finished

    def _upset(self, now: float) -> None:
        """Let happen to the clock what happens to such a tablet, now and then."""
        odds = self._chance.random()
        if self._habit == "resets" and odds < 0.02:
            lost = self._chance.choice((*LOST, None))
            # Without a battery of its own a clock begins anew, or goes on from where it stood still.
            stood = self._clock.shown(now - self._chance.uniform(1, 20) * 3600)
            self._clock.set(now, lost.timestamp() + self._chance.uniform(60, 7200) if lost else stood)
        elif self._habit == "resets" and odds < 0.06 and abs(self._clock.error) > 1800:
            self._clock.set(now, now + self._chance.gauss(0, 60))  # somebody noticed, and set it by a watch
        elif self._habit == "by_hand" and odds < 0.015:
            self._clock.set(now, now + self._chance.choice((0, 0, 3600, -3600, 10800, -DAY, DAY)))

    def _sync(self, now: float) -> None:
        is_before = self._chance.random() < 0.5  # the network's time comes before the forms go, or after
        if self._is_automatic and is_before:
            self._clock.set(now, now + self._chance.gauss(0, 1))
        if self._chance.random() < 0.5:  # Collect since v2024.3 goes by its own dates, older ones by their database
            self._waiting.sort(key=lambda form: form[2])
        is_broken = self._chance.random() < 0.05
        count = self._chance.randint(0, len(self._waiting)) if is_broken else len(self._waiting)
        for form in self._waiting[:count]:
            now += self._chance.expovariate(1 / 15)
            self._send(form, now)
        del self._waiting[:count]
        if self._is_automatic:
            self._clock.set(now, now + self._chance.gauss(0, 1))

    def _send(self, form: tuple[str, float, float, float], now: float) -> None:
        key, start, end, _finished = form
        shown_end = None if self._is_sealed else self._write(end)
        received = datetime.fromtimestamp(now + self._hub_error, UTC)
        header = _moment(self._clock.shown(now - self._chance.expovariate(1 / 5)))
        said = header.astimezone(UTC).strftime("%a, %d %b %Y %I:%M:%S GMT")
        offset = clock_offset(said, received, shown_end) if self._tablet.says_date else None
        shown_start = None if self._is_sealed else self._write(start)
        self._tablet.readings.append(
            Reading(key=key, start=shown_start, end=shown_end, received_at=received, clock_offset=offset,
                    not_before=PUBLISHED, doubt=60.0)
        )  # fmt: skip

    def _write(self, seconds: float) -> datetime:
        return _moment(seconds).astimezone(self._zone)

    def _first_error(self) -> float:
        if self._habit != "off":
            return self._chance.gauss(0, 20)
        minutes = self._chance.choice((3, 8, 45, 60, 120, 180, 240, 1440, 525_600))
        return self._chance.choice((-60.0, 60.0)) * minutes + self._chance.gauss(0, 20)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def iter_errors(tablet: Tablet) -> Iterator[tuple[str, float]]:
    """Give the key of each timed reading with the size of its clock's error, in seconds."""
    for reading in tablet.readings:
        if reading.end:
            yield reading.key, abs((reading.end - tablet.truth[reading.key]).total_seconds())
