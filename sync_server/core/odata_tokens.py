"""Cut the text of an OData expression into names, values and signs."""

import re
from collections.abc import Iterator
from typing import NamedTuple

NAME = r"[^\W\d][\w.\-]*"
_TOKEN = re.compile(
    rf"""(?P<space>\s+)
    | (?P<string>'(?:[^']|'')*')
    # A plus that was not escaped in an address arrives as a space.
    | (?P<moment>\d{{4}}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{{1,12}})?)?(?:Z|[+\-\ ]\d\d:\d\d)?(?![\w\-:]))
    | (?P<date>\d{{4}}-\d\d-\d\d(?![\w\-:]))
    | (?P<guid>[0-9a-fA-F]{{8}}(?:-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}}(?![\w\-]))
    | (?P<name>(?:\$(?:root|actor)/)?{NAME}(?:/{NAME})*)
    | (?P<time>\d\d:\d\d(?::\d\d(?:\.\d{{1,12}})?)?(?![\w.:\-]))
    | (?P<decimal>[+\-]?\d+(?:\.\d+(?:[eE][+\-]?\d+)?|[eE][+\-]?\d+)(?![\w.:\-]))
    | (?P<integer>[+\-]?\d+(?![\w.:\-]))
    | (?P<sign>[(),])
    | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """`kind` is a group of the pattern above, or "end"; `word` is the text of a name or sign in small letters."""

    kind: str
    text: str
    start: int
    word: str = ""


def read_tokens(text: str) -> Iterator[Token]:
    """Cut a text into tokens, an end behind the last; a letter that fits nothing is of the kind "other"."""
    yield from (_token(match) for match in _TOKEN.finditer(text) if match.lastgroup != "space")
    yield Token("end", "", len(text))


def _token(match: re.Match[str]) -> Token:
    kind, text = str(match.lastgroup), match.group()
    if kind == "moment":
        text = text.replace(" ", "+")
    return Token(kind, text, match.start(), text.lower() if kind in ("name", "sign") else "")
