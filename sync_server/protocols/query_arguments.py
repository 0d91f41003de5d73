"""Read what an address says behind its question mark; UnexpectedValue says what is wrong with it."""

from datetime import date

from flask import request

from sync_server.core.days import parse_day
from sync_server.errors import UnexpectedValue

_LARGEST = 2**31 - 1  # as the interface describes it
_DIGITS = len(str(_LARGEST))  # Python refuses to read thousands of them


def read_number(name: str) -> int | None:
    """Return a whole number, 0 or more; None when it is not given."""
    given = request.args.get(name)
    if given is None:
        return None
    if not given.isascii() or not given.isdecimal() or len(given) > _DIGITS or int(given) > _LARGEST:
        raise UnexpectedValue(field=name, value=given, reason="it must be a number, 0 or more.")
    return int(given)


def read_day(name: str) -> date | None:
    """Return a day; None when it is not given, or empty, as a form's field is."""
    given = request.args.get(name)
    if not given:
        return None
    try:
        return parse_day(given)
    except ValueError as error:
        raise UnexpectedValue(field=name, value=given, reason="write a day as in 2026-11-23.") from error
