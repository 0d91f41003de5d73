"""What a tablet's clock showed for one submission, and what is proposed in its place.

Nothing here is stored: the original stays as it came, and a proposal is made anew whenever somebody asks.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

# Collect and a person who sets a clock round to the minute; a clock as near as this is right.
RIGHT_SECONDS = 120.0


class Reason(Enum):
    """Why a time is left as it is, or another is proposed."""

    AS_IT_IS = "as_it_is"
    EITHER = "either"
    MEASURED = "measured"
    AHEAD = "ahead"
    LOST = "lost"
    NO_TIME = "no_time"

    @property
    def text(self) -> str:
        return _TEXTS[self]


_TEXTS = {
    Reason.AS_IT_IS: "Nothing speaks against the tablet's clock.",
    Reason.EITHER: "The clock was off or was changed between two syncs. The time may be right, and is left as it is.",
    Reason.MEASURED: "The tablet said its own time when it sent, and that was off by this much.",
    Reason.AHEAD: "The clock was ahead: forms of these days would have come before they were finished.",
    Reason.LOST: "The clock had lost the time or was set wrong: the form is of between the two syncs.",
    Reason.NO_TIME: "It says no time of its own, or is sealed. It is of before it came.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One submission: `start` and `end` by the tablet's clock, and when it was first received, by the node's.

    `clock_offset` is the tablet's clock minus the node's in seconds, as told when it was sent (core/http_date.py).
    `not_before` is when its form version was published. `doubt` is by how many seconds the node's clock may be off.
    """

    key: str
    start: datetime | None
    end: datetime | None
    received_at: datetime
    clock_offset: float | None = None
    not_before: datetime | None = None
    doubt: float = 0.0

    @property
    def shown(self) -> float:
        """The end by the tablet's clock, in seconds since 1970; only of a reading that has one."""
        if self.end is None:
            raise ValueError("a reading without an end")
        return self.end.timestamp()

    @property
    def came(self) -> float:
        return self.received_at.timestamp()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """When a submission was finished. `proposed` is the original where that is left as it is; None without one."""

    key: str
    original: datetime | None
    proposed: datetime | None
    earliest: datetime
    latest: datetime
    received_at: datetime
    reason: Reason

    @property
    def is_repair(self) -> bool:
        return self.reason in (Reason.MEASURED, Reason.AHEAD, Reason.LOST)

    @property
    def offset(self) -> float | None:
        """The tablet's clock minus the true time, in seconds."""
        return (self.original - self.proposed).total_seconds() if self.original and self.proposed else None


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From and to, in seconds: of an offset, or of a moment since 1970."""

    low: float
    high: float

    def meets(self, other: "Span", *, slack: float = 0.0) -> bool:
        return self.low <= other.high + slack and other.low <= self.high + slack

    def within(self, other: "Span") -> "Span | None":
        """Return what both have, None when they do not meet."""
        return Span(max(self.low, other.low), min(self.high, other.high)) if self.meets(other) else None

    def wider(self, seconds: float) -> "Span":
        return Span(self.low - seconds, self.high + seconds)

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
