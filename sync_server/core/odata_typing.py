"""What type a value of a `$filter` has when it is compared: that of what stands beside it, as it would have in Central.

'2026-01-31' beside a date is a date, 5 beside a text is the text 5. What can be of no such type is refused by whoever
writes the condition, rather than silently never true.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

from sync_server.core.odata_filter import Literal, Value, read_moment

_DATES = frozenset(("date", "datetime"))
_NUMBERS = frozenset(("int", "decimal"))
HAVE_PART = {"year": _DATES, "month": _DATES, "day": _DATES} | {
    name: frozenset(("datetime", "time")) for name in ("hour", "minute", "second")
}
_KINDS = {
    bool: "boolean", int: "int", float: "decimal", str: "text", datetime: "datetime", date: "date", time: "time",
}  # fmt: skip


def kind_of(value: Value) -> str:
    """Name a value's type; "null" for none."""
    return "null" if value is None else _KINDS[type(value)]


def can_compare(one: str, two: str) -> bool:
    """Tell whether a database may be asked to compare these types."""
    return one == two or "null" in (one, two) or {one, two} <= _DATES or {one, two} <= _NUMBERS


def fit_value(literal: Literal, kind: str) -> Value:
    """Read a value as the type of what it is compared with, if it can be read so; raise ValueError if not."""
    value: Any = literal.value
    if kind == "text" and value is not None:
        return literal.text
    if isinstance(value, str) and kind in _READ:
        value = _READ[kind](value)
    if kind == "datetime" and type(value) is date:
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value  # type: ignore[no-any-return]


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


_READ: dict[str, Callable[[str], Value]] = {
    "int": float, "decimal": float, "boolean": _boolean, "date": date.fromisoformat, "datetime": read_moment,
    "time": time.fromisoformat,
}  # fmt: skip
