"""What a node holds, as it tells another: one submission version with its files, and how many there are of which."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo


@dataclass(frozen=True, slots=True, order=True)
class HeldFile:
    """A file that is there whole; `size` in bytes."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldVersion:
    """One version. `received_at` and `device_id` are of its first receipt, as far as the node that tells it knows."""

    version: str  # sha256 of its bytes
    form_id: str
    instance_id: str
    edits: str | None  # the instance it replaces; None: it is no edit
    device_id: str | None
    received_at: datetime
    files: tuple[HeldFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCount:
    """How much is held of one form from one device (None: no device was named): originals, edits of them, files."""

    form_id: str
    device_id: str | None
    submissions: int
    edits: int
    files: int


def nothing_of(form_id: str, device_id: str | None) -> HeldCount:
    return HeldCount(form_id=form_id, device_id=device_id, submissions=0, edits=0, files=0)


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` on, until before `until`, by the first receipt; None: without end."""

    first: datetime | None = None
    until: datetime | None = None


def period_of_days(first: date | None, last: date | None, zone: tzinfo) -> Period:
    """Return the period from the beginning of a day to the end of another, where clocks show `zone`."""
    after = last + timedelta(days=1) if last else None
    begins, ends = (datetime.combine(day, time(), zone) if day else None for day in (first, after))
    return Period(begins, ends)


ALWAYS = Period()
