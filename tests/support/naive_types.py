"""What a typed column must hold beside a text, by Python's own reading of it.

Only what the XForms specification calls such a value: no `1_000`, no `yes`, no `nan` that would make nothing of a sum.
"""

import re
from datetime import UTC, date, datetime, time
from typing import Any

_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def typed_value(kind: str, text: str | None) -> Any:
    """Return the value of a text in a column of that type, None where it is none."""
    try:
        return None if text is None else _READERS[kind](text.strip())
    except ValueError:
        return None


def _integer(text: str) -> int | None:
    value = int(text) if _INTEGER.fullmatch(text) else None
    return value if value is not None and -(2**63) <= value < 2**63 else None


def _decimal(text: str) -> float | None:
    return float(text) if _DECIMAL.fullmatch(text) else None


def _date(text: str) -> date | None:
    return date.fromisoformat(text[:10]) if _DATE.fullmatch(text[:10]) else None


def _moment(text: str) -> datetime | None:
    moment = datetime.fromisoformat(text) if _DATE.fullmatch(text[:10]) else None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment and moment.tzinfo else moment


def _time(text: str) -> time | None:
    return time.fromisoformat(text).replace(tzinfo=None) if text[2:3] == ":" else None


def _boolean(text: str) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(text)


_READERS = {"int": _integer, "decimal": _decimal, "date": _date, "datetime": _moment, "time": _time} | {
    "boolean": _boolean
}
