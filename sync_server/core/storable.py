"""Whether what another node sent can be kept in any database, and be shown afterwards.

SQLite and PostgreSQL disagree about the letter NUL, halves of letters and long names; JSON can say all of them, and
numbers and times beyond what either takes. What one node could store and another could not would be sent for ever, so
an item with any of it is refused by itself, whichever database is here.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from sync_server.core.ids import LONGEST_NAME, bounded

LARGEST_NUMBER = 2**63 - 1
YEARS = range(1900, 3000)  # a clock may be years off; beyond these, zones and databases run out of numbers
DEEPEST = 50  # levels of JSON: what people decide has three
LONGEST_TOLD = 600  # characters of a name that is told back: it is part of a key, as names of files are

_NO_TEXT = re.compile("[\0\ud800-\udfff]")

# Texts that people write or devices make up; every other one is, or may become, part of a key.
_LONG = frozenset(("title", "description", "name", "node_name", "file_name", "device_id", "source_name", "type"))


def is_storable(item: Any) -> bool:
    """Tell whether everything an item says can be kept."""
    return all(_is_field(name, value) for name, value in _fields(item))


def told_name(name: str) -> str:
    """Write a name so that it can be kept, logged and shown, whatever is in it."""
    return bounded("".join(letter if letter.isprintable() else "\ufffd" for letter in name), LONGEST_TOLD)


def is_text(text: str) -> bool:
    """Tell whether a database takes it."""
    return _NO_TEXT.search(text) is None


def _fields(item: Any) -> Iterable[tuple[str, Any]]:
    return ((field.name, getattr(item, field.name)) for field in fields(item))


def _is_field(name: str, value: Any) -> bool:
    if isinstance(value, str):
        return is_text(value) and (name in _LONG or len(value) <= LONGEST_NAME)
    if isinstance(value, tuple):
        return all(_is_field(name, part) for part in value)
    if is_dataclass(value):
        return is_storable(value)
    return value is None or isinstance(value, bytes) or _is_value(value)


def _is_value(value: Any) -> bool:
    """Look at a value of a field or of JSON, level by level: JSON may be nested deeper than the stack is."""
    level, depth = [value], 0
    while level:
        if depth > DEEPEST or not all(map(_is_plain, level)):
            return False
        level = [part for each in level for part in _parts(each)]
        depth += 1
    return True


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return (*value.keys(), *value.values())
    return value if isinstance(value, list | tuple) else ()


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return is_text(value)
    if isinstance(value, datetime):
        return value.year in YEARS
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or -LARGEST_NUMBER <= value <= LARGEST_NUMBER
