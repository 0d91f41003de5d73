"""A made-up fleet that counts its forms as Collect does by `last-saved`, with the truth beside what the server got.

It knows nothing of how gaps are found. Tablets fill, save drafts, finish or delete them, edit older forms, go missing
for weeks, send out of order and twice, are reinstalled, forget their count with a new version of a form (Collect before
v2023.3), have wrong clocks, and lose what was finished: those are the planted losses.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sync_server.core.form_numbers import Numbered

BEGAN = datetime(2026, 6, 1, tzinfo=UTC)
DAY = 86_400.0
FORMS = ("attendance", "concern")
HUB_ERRORS = (0.0, 40.0, -55.0)

CAME, WAITING, LOST, DRAFT, DELETED, ERASED = "came", "waiting", "lost", "draft", "deleted draft", "erased"


@dataclass
class Count:
    """One series in truth: what became of each number, and which tablet counted."""

    tablet: str
    form: str
    fates: dict[int, str] = field(default_factory=dict)
    ended: str = ""  # "reinstalled", "forgotten", or still going on


@dataclass
class Fleet:
    numbered: list[Numbered] = field(default_factory=list)
    counts: dict[str, Count] = field(default_factory=dict)

    def of_form(self, form: str) -> list[Numbered]:
        ours = [each for each in self.numbered if self.counts[each.series].form == form]
        return sorted(ours, key=lambda each: (each.series, each.number, each.received_at))


def make_fleet(seed: int, *, tablets: int = 60, days: int = 90) -> Fleet:
    print(f"fleet seed {seed}")
    fleet = Fleet()
    chance = random.Random(seed)
    for n in range(tablets):
        _Life(chance, fleet, f"tablet {n}").live(days)
    return fleet


@dataclass
class _Saved:
    """What `last-saved` holds of one form."""

    series: str
    highest: int


class _Life:
    def __init__(self, chance: random.Random, fleet: Fleet, name: str) -> None:
        self._chance, self._fleet, self._name = chance, fleet, name
        self._saved: dict[str, _Saved] = {}
        self._waiting: list[tuple[str, int]] = []
        self._sent: list[tuple[str, int]] = []
        self._drafts: list[tuple[str, int]] = []
        self._hub_error = chance.choice(HUB_ERRORS)
        self._forgets = chance.random() < 0.2
        self._careless = chance.random() < 0.5

    def live(self, days: int) -> None:
        gone_until = 0
        for day in range(days):
            if day >= gone_until and self._chance.random() < 0.02:
                gone_until = day + self._chance.randint(5, 14)
            self._work(day * DAY + 18_000, is_offline=day < gone_until)
        self._sync(days * DAY)

    def _work(self, now: float, *, is_offline: bool) -> None:
        if self._chance.random() < 0.25:
            return
        for _ in range(self._chance.randint(0, 6)):
            self._act()
        if not is_offline and self._chance.random() < 0.6:
            self._sync(now + 36_000 + self._chance.expovariate(1 / 5400))
        self._mishap(now + 50_000)

    def _act(self) -> None:
        """Open a form: finish it, keep it as a draft, leave it unsaved; or take up one that is there."""
        odds = self._chance.random()
        if odds < 0.78:
            self._save(WAITING)
        elif odds < 0.86:
            self._save(DRAFT)
        elif odds < 0.90:
            pass  # opened and left without saving: no number is used up
        elif odds < 0.95 and self._drafts:
            self._resave(self._drafts.pop(self._chance.randrange(len(self._drafts))), WAITING)
        elif self._sent:
            self._resave(self._chance.choice(self._sent), CAME)

    def _save(self, fate: str) -> None:
        form = self._chance.choice(FORMS)
        saved = self._saved.get(form)
        if saved is None:
            saved = _Saved(f"{self._chance.getrandbits(60):012X}", 0)
            self._fleet.counts[saved.series] = Count(self._name, form)
        number = saved.highest + 1
        self._fleet.counts[saved.series].fates[number] = fate
        self._saved[form] = _Saved(saved.series, number)
        (self._drafts if fate == DRAFT else self._waiting).append((saved.series, number))

    def _resave(self, which: tuple[str, int], fate: str) -> None:
        """Open an older form and save it: its number stays, and the highest known goes into it."""
        series, number = which
        form = self._fleet.counts[series].form
        saved = self._saved.get(form)
        self._saved[form] = _Saved(series, max(number, saved.highest if saved and saved.series == series else 0))
        if fate == WAITING:
            self._fleet.counts[series].fates[number] = WAITING
            self._waiting.append(which)

    def _mishap(self, now: float) -> None:
        odds = self._chance.random()
        if self._waiting and odds < (0.02 if self._careless else 0.004):
            lost = self._waiting.pop(self._chance.randrange(len(self._waiting)))
            self._fate(lost, LOST)
        elif self._drafts and odds < 0.06:
            self._fate(self._drafts.pop(), DELETED)
        elif self._sent and odds < 0.065:
            self._erase(self._chance.choice(self._sent))
        elif odds < 0.07:
            self._forget(FORMS, "reinstalled")
        elif self._forgets and odds < 0.075:
            self._forget((self._chance.choice(FORMS),), "forgotten")

    def _forget(self, forms: tuple[str, ...], why: str) -> None:
        if why == "reinstalled":  # with all that is on the tablet
            for which in self._waiting + self._drafts:
                self._fate(which, LOST if which in self._waiting else DELETED)
            self._waiting, self._drafts, self._sent = [], [], []
        for form in forms:
            if saved := self._saved.pop(form, None):
                self._fleet.counts[saved.series].ended = why
        # Forms of the old version stay as they are; nobody opens them again in this world.
        gone = {series for series, count in self._fleet.counts.items() if count.ended}
        for which in [each for each in self._drafts if each[0] in gone]:
            self._fate(which, DELETED)
        self._drafts = [each for each in self._drafts if each[0] not in gone]
        self._sent = [each for each in self._sent if each[0] not in gone]

    def _erase(self, which: tuple[str, int]) -> None:
        self._fate(which, ERASED)
        self._sent.remove(which)
        self._fleet.numbered = [each for each in self._fleet.numbered if (each.series, each.number) != which]

    def _sync(self, now: float) -> None:
        if self._chance.random() < 0.5:
            self._chance.shuffle(self._waiting)  # Collect's order is that of its own dates
        is_broken = self._chance.random() < 0.05
        count = self._chance.randint(0, len(self._waiting)) if is_broken else len(self._waiting)
        for which in self._waiting[:count]:
            now += self._chance.expovariate(1 / 15)
            for _ in range(1 + (self._chance.random() < 0.03)):
                received = BEGAN + timedelta(seconds=now + self._hub_error)
                self._fleet.numbered.append(Numbered(*which, received, self._name))
            self._fate(which, CAME)
            if not self._fleet.counts[which[0]].ended:
                self._sent.append(which)
        del self._waiting[:count]

    def _fate(self, which: tuple[str, int], fate: str) -> None:
        self._fleet.counts[which[0]].fates[which[1]] = fate


def iter_losses(fleet: Fleet) -> Iterator[tuple[str, int]]:
    """Give series and number of everything that was finished and then lost."""
    for series, count in fleet.counts.items():
        yield from ((series, number) for number, fate in count.fates.items() if fate == LOST)
