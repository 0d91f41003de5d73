"""Find gaps in the numbers by which a tablet counts what is filled of a form. A gap is a question, never a loss.

A form carries three hidden answers at its top, made from Collect's `last-saved` (docs/forms.md): `form_series`, a word
that a tablet draws for a form once; `form_number`, which counts within the series from 1 and stays with the submission
through every edit; `form_highest`, by which the count goes on rightly when an older form is opened again. A tablet that
forgets (reinstalled, the form deleted) draws a new word, so counting anew is never taken for numbers that are missing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from lxml import etree

from sync_server.core.instance_xml import local_name, parse_xml
from sync_server.errors import UnreadableXml

SERIES, NUMBER, HIGHEST = "/form_series", "/form_number", "/form_highest"
MOST_GAPS = 100  # of a series that are told one by one; only a broken or hostile tablet has more
LARGEST = 2**31 - 1  # a greater number is not one that a person counted up to


@dataclass(frozen=True, slots=True)
class Numbered:
    """A submission that says its number. `tablet` is whoever sent it first, in the words of the caller."""

    series: str
    number: int
    received_at: datetime
    tablet: str


@dataclass(frozen=True, slots=True)
class Gap:
    """The numbers from `first` to `last` never came; the one before came at `after` (None: there is none), the one
    behind at `before`."""

    first: int
    last: int
    after: datetime | None
    before: datetime

    @property
    def count(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Series:
    """One tablet's count of one form. `tablet` sent the greatest number; `gaps` are the first MOST_GAPS of them."""

    name: str
    tablet: str
    came: int
    highest: int
    first_at: datetime
    last_at: datetime
    missing: int
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Restart:
    """A tablet counts anew since `since`. What it filled after number `after`, last seen at `last_at`, is not known."""

    after: int
    last_at: datetime
    since: datetime


def count_series(numbered: Iterable[Numbered]) -> Iterator[Series]:
    """Sum up series by series what comes sorted by series and number; one number twice is one."""
    for name, members in groupby(numbered, key=lambda each: each.series):
        yield _sum_up(name, members)


def find_restarts(series: Iterable[Series]) -> list[Restart]:
    """Find where one tablet began to count a form anew: all numbers of a series came after all of another.

    Series of which submissions came at the same time are of several tablets with one name, and are no restart.
    """
    ordered = sorted(series, key=lambda each: (each.first_at, each.last_at, each.name))
    found: list[Restart] = []
    latest: Series | None = None
    for each in ordered:
        if latest is not None and each.first_at > latest.last_at:
            found.append(Restart(latest.highest, latest.last_at, each.first_at))
        if latest is None or each.last_at > latest.last_at:
            latest = each
    return found


def read_number(xml: bytes) -> tuple[str, int] | None:
    """Read series and number from a submission; None where it says none, or none that can be."""
    try:
        root = parse_xml(xml)
    except UnreadableXml:
        return None
    answers = {local_name(e): (e.text or "").strip() for e in root.iterchildren(etree.Element)}
    series, number = answers.get(SERIES[1:], ""), answers.get(NUMBER[1:], "")
    is_number = number.isascii() and number.isdecimal() and len(number) <= 10
    return (series, int(number)) if series and is_number and is_possible(int(number)) else None


def is_possible(number: int) -> bool:
    return 1 <= number <= LARGEST


def _sum_up(name: str, members: Iterable[Numbered]) -> Series:
    gaps: list[Gap] = []
    came = missing = reached = 0
    newest = oldest = last = None
    for each in members:
        if each.number > reached:
            came += 1
            if (lacking := each.number - reached - 1) and len(gaps) < MOST_GAPS:
                gaps.append(Gap(reached + 1, each.number - 1, last.received_at if last else None, each.received_at))
            missing += lacking
            reached, last = each.number, each
        oldest = min(oldest or each.received_at, each.received_at)
        newest = max(newest or each.received_at, each.received_at)
    assert last is not None  # a group has members, and numbers begin with 1
    assert oldest is not None
    assert newest is not None
    return Series(name, last.tablet, came, reached, oldest, newest, missing, tuple(gaps))
