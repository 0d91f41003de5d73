"""Read one field of what another node sent, of the type it must have; raise BatchUnreadable for any other."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sync_server.peer_errors import BatchUnreadable

LARGEST_NUMBER = 2**63 - 1  # what a database takes


def object_of(given: Any, name: str) -> dict[str, Any]:
    value = _find(given, name)
    if not isinstance(value, dict):
        raise _wrong(name, "object")
    return value


def list_of(given: Any, name: str, *, absent: Sequence[Any] | None = None) -> Sequence[Any]:
    value = _find(given, name)
    if value is None and absent is not None:
        return absent
    if not isinstance(value, list):
        raise _wrong(name, "list")
    return value


def text_of(given: Any, name: str, *, absent: str | None = None) -> str:
    value = _find(given, name)
    if value is None and absent is not None:
        return absent
    if not isinstance(value, str) or not is_storable(value):
        raise _wrong(name, "text")
    return value


def texts_of(given: Any, name: str) -> tuple[str, ...]:
    values = list_of(given, name)
    if not all(isinstance(value, str) and is_storable(value) for value in values):
        raise _wrong(name, "list of texts")
    return tuple(values)


def number_of(given: Any, name: str) -> int:
    value = _find(given, name)
    if type(value) is not int or not 0 <= value <= LARGEST_NUMBER:
        raise _wrong(name, "number")
    return value


def moment_of(given: Any, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text_of(given, name))
    except ValueError as error:
        raise _wrong(name, "time") from error
    if moment.tzinfo is None:
        raise _wrong(name, "time with its zone")
    return moment


def is_storable(text: str) -> bool:
    """Tell whether a database takes it: JSON can say the letter NUL, and halves of letters, which PostgreSQL cannot."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _find(given: Any, name: str) -> Any:
    if not isinstance(given, dict):
        raise BatchUnreadable(reason=f"there is no '{name}'")
    return given.get(name)


def _wrong(name: str, wanted: str) -> BatchUnreadable:
    return BatchUnreadable(reason=f"'{name}' is no {wanted}")
