"""Write and read OData's `$skiptoken`, after which row a page goes on: as ODK Central, `01` and JSON in base64.

It says of the last row its id and the values it is sorted by: the row itself may be gone by then, or stand elsewhere.
"""

import binascii
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any

from sync_server.entity_errors import SkiptokenUnreadable

_SCHEME = "01"
LONGEST = 8000


@dataclass(frozen=True, slots=True)
class Place:
    """Behind which row to go on: its id, and what it is sorted by, as JSON values."""

    id: str
    values: tuple[str | int | None, ...]


def write_skiptoken(place: Place) -> str:
    written = json.dumps({"uuid": place.id, "after": list(place.values)}, separators=(",", ":"))
    return _SCHEME + b64encode(written.encode()).decode("ascii")


def read_skiptoken(text: str, kinds: tuple[type, ...]) -> Place:
    """Read a token for a table sorted by values of these types; raise SkiptokenUnreadable."""
    try:
        if not text.startswith(_SCHEME) or len(text) > LONGEST:
            raise SkiptokenUnreadable
        found: Any = json.loads(b64decode(text[len(_SCHEME) :], validate=True))
        id, values = found["uuid"], found["after"]
    except (binascii.Error, ValueError, TypeError, KeyError, RecursionError) as error:
        raise SkiptokenUnreadable from error
    if not isinstance(id, str) or not isinstance(values, list) or len(values) != len(kinds):
        raise SkiptokenUnreadable
    if not all(_is_of(kind, value) for value, kind in zip(values, kinds, strict=True)):
        raise SkiptokenUnreadable
    return Place(id, tuple(values))


def _is_of(kind: type, value: object) -> bool:
    """None is of every kind; a number is one that a database can hold."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return False
    return value is None or type(value) is kind
