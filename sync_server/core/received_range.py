"""Tell between which moments of receipt the rows that pass a filter can lie, so that other files are not read.

The range may be wider than the truth and is never narrower: what is not understood here says nothing.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from sync_server.core.odata_filter import And, Comparison, Expression, Function, Literal, Or, Property

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
RECEIVED = ("__system", "submissionDate")
_MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq"}


@dataclass(frozen=True, slots=True)
class ReceivedRange:
    """From `first` to `last`, both included; empty when `first` is later."""

    first: datetime = EARLIEST
    last: datetime = LATEST

    def meets(self, oldest: datetime, newest: datetime) -> bool:
        return max(self.first, oldest) <= min(self.last, newest)


EVERYTHING = ReceivedRange()


def received_range(expression: Expression | None, *, now: datetime) -> ReceivedRange:
    """Find the range of `__system/submissionDate` outside of which the filter cannot be true."""
    match expression:
        case And(terms=terms):
            ranges = [received_range(term, now=now) for term in terms]
            return ReceivedRange(max(r.first for r in ranges), min(r.last for r in ranges))
        case Or(terms=terms):
            ranges = [received_range(term, now=now) for term in terms]
            return ReceivedRange(min(r.first for r in ranges), max(r.last for r in ranges))
        case Comparison(operator=operator, left=left, right=right) if operator in _MIRRORED:
            return _meet(_compared(operator, left, right, now), _compared(_MIRRORED[operator], right, left, now))
    return EVERYTHING


def _meet(one: ReceivedRange, other: ReceivedRange) -> ReceivedRange:
    return ReceivedRange(max(one.first, other.first), min(one.last, other.last))


def _compared(operator: str, left: Expression, right: Expression, now: datetime) -> ReceivedRange:
    if left == Function("year", Property(RECEIVED)) or left == Function("year", Property(RECEIVED, is_of_root=True)):
        return _of_years(operator, _year(right, now))
    if isinstance(left, Property) and left.path == RECEIVED:
        moment = _moment(right, now)
        return EVERYTHING if moment is None else _of(operator, moment, moment)
    return EVERYTHING


def _of(operator: str, first: datetime, last: datetime) -> ReceivedRange:
    if operator in ("lt", "le"):
        return ReceivedRange(last=last)
    if operator in ("gt", "ge"):
        return ReceivedRange(first=first)
    return ReceivedRange(first, last)


def _of_years(operator: str, year: int | None) -> ReceivedRange:
    if year is None or not 1 <= year < 9999:
        return EVERYTHING
    return _of(operator, datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC))


def _moment(expression: Expression, now: datetime) -> datetime | None:
    match expression:
        case Function(name="now"):
            return now
        case Literal(value=datetime() as moment):
            return moment
        case Literal(value=date() as day):
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
    return None


def _year(expression: Expression, now: datetime) -> int | None:
    match expression:
        case Literal(value=int() as year):
            return year
        case Function(name="year", argument=Function(name="now")):
            return now.astimezone(UTC).year
    return None
