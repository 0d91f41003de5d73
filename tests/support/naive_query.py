"""Answer filters over households row by row, in plain Python: what the warehouse's SQL is held against."""

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sync_server.core.odata_filter import And, Comparison, Expression, Function, Literal, Not, Or, Property
from tests.support.small_warehouse import CHILD, VISIT, Household

ROOT_KINDS = {
    "age": "int", "new": "int", "old": "text", "name": "text", "born": "date", "seen": "datetime", "at": "time",
    "weight": "decimal", "agreed": "boolean", "home/latitude": "decimal", "home/longitude": "decimal",
    "g/Place": "text", "g/place": "text",
}  # fmt: skip
KINDS = {
    "": ROOT_KINDS,
    VISIT: {"n": "int", "note": "text"},
    CHILD: {"name": "text", "weight": "decimal"},
}
SYSTEM_KINDS = {
    "submissionDate": "datetime", "updatedAt": "datetime", "submitterId": "text", "reviewState": "text",
    "edits": "int", "hasConflict": "boolean", "deletedAt": "datetime",
}  # fmt: skip
_NAMES = {"home/latitude": "/home@latitude", "home/longitude": "/home@longitude", "g/Place": "/g/^place"}
_SERVER = {
    "updatedAt": "_updated", "submitterId": "_submitter_id", "reviewState": "_review_state", "edits": "_edits",
    "hasConflict": "_has_conflict",
}  # fmt: skip


@dataclass(frozen=True)
class NaiveRow:
    """A row of a table with the submission it belongs to."""

    household: Household
    table: str
    ordinal: int
    answers: dict[str, Any]

    @property
    def key(self) -> tuple[datetime, str, int]:
        return self.household.received, self.household.root_id, self.ordinal

    def text(self, name: str) -> str | None:
        """The text of a column by its name in the files."""
        return self.answers.get(name) or None

    def value(self, path: str, *, is_of_root: bool = False) -> Any:
        """The value of a question by its path, in the type it has now."""
        table, answers = ("", self.household.answers) if is_of_root else (self.table, self.answers)
        name = _NAMES.get(path, f"{table}/{path}") if table == "" else f"{table}/{path}"
        return typed(KINDS[table][path], answers.get(name) or None)

    def system(self, name: str) -> Any:
        if name == "submissionDate":
            return self.household.received
        if name == "deletedAt":
            return None
        default = {"edits": 0, "hasConflict": False}.get(name)
        return self.household.server.get(_SERVER[name], default)


def naive_rows(households: Sequence[Household], table: str) -> list[NaiveRow]:
    """The rows of a table in the order of the households."""
    return [
        NaiveRow(household, table, ordinal, answers)
        for household in households
        for ordinal, answers in enumerate(household.rows()[table])
    ]


def typed(kind: str, text: str | None) -> Any:
    """Read an answer as its type; None when it is none of that type."""
    if text is None or kind == "text":
        return text
    try:
        return _READ[kind](text.strip(" "))
    except (ValueError, KeyError):
        return None


def _integer(text: str) -> int | None:
    number = int(text) if re.fullmatch(r"[+-]?[0-9]+", text) else None
    return number if number is not None and -(2**63) <= number < 2**63 else None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


_READ: dict[str, Callable[[str], Any]] = {
    "int": _integer,
    "decimal": float,
    "date": lambda text: date.fromisoformat(text[:10]),
    "datetime": _moment,
    "time": lambda text: time.fromisoformat(text[:12]),
    "boolean": lambda text: {"true": True, "1": True, "false": False, "0": False}[text],
}
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip


def passes(row: NaiveRow, tree: Expression | None, now: datetime) -> bool:
    return tree is None or _truth(row, tree, now) is True


def _truth(row: NaiveRow, tree: Expression, now: datetime) -> bool | None:
    """True, false, or unknown (None), as SQL has it; only equality knows what null is."""
    match tree:
        case And(terms=terms):
            found = [_truth(row, term, now) for term in terms]
            return False if False in found else None if None in found else True
        case Or(terms=terms):
            found = [_truth(row, term, now) for term in terms]
            return True if True in found else None if None in found else False
        case Not(term=term):
            inner = _truth(row, term, now)
            return None if inner is None else not inner
        case Comparison(operator=name, left=left, right=right):
            return _compared(name, _alike(_value(row, left, now)), _alike(_value(row, right, now)))
    value = _value(row, tree, now)
    assert value is None or isinstance(value, bool)
    return value


def _compared(name: str, one: Any, two: Any) -> bool | None:
    if name in ("eq", "ne"):
        return bool(one == two) is (name == "eq")
    return None if one is None or two is None else _ORDERED[name](one, two)


def _alike(value: Any) -> Any:
    """A day is the moment it begins."""
    return datetime(value.year, value.month, value.day, tzinfo=UTC) if type(value) is date else value


def _value(row: NaiveRow, tree: Expression, now: datetime) -> Any:
    match tree:
        case Property(path=("__system", name)):
            return row.system(name)
        case Property(path=path, is_of_root=is_of_root):
            return row.value("/".join(path), is_of_root=is_of_root)
        case Literal(value=value):
            return value
        case Function(name="now"):
            return now
        case Function(name=name, argument=argument) if argument is not None:
            of = _value(row, argument, now)
            return None if of is None else getattr(of, name)
    raise AssertionError(tree)


def in_order(rows: Sequence[NaiveRow], terms: Sequence[tuple[str, bool]]) -> list[NaiveRow]:
    """Sort rows by (path, is_descending); no answer is least, ties stay as they were."""
    ordered = list(rows)
    for path, is_descending in reversed(terms):
        ordered.sort(key=lambda row: _sortable(row.value(path)), reverse=is_descending)
    return ordered


def _sortable(value: Any) -> tuple[bool, Any]:
    return (False, 0) if value is None else (True, value)


def close(one: Any, two: Any) -> bool:
    if isinstance(one, float) and isinstance(two, float):
        return math.isclose(one, two, rel_tol=1e-12)
    return bool(one == two)
