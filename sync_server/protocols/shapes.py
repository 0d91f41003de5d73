"""What each route takes and answers, said where the route is: `@central_endpoint(..., takes=X, answers=[Y])`.

From these declarations the description of the interface is made (openapi.py), and the tests hold every answer against
it. A marshmallow schema stands for JSON, a list of one schema for a list of those, and so a list of a list; `Content`
for all else.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from marshmallow import Schema


@dataclass(frozen=True, slots=True)
class Content:
    """What is no JSON of ours: the media types it may have, what it is, and of XML its outermost element."""

    types: tuple[str, ...]
    text: str
    root: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing asked for beside the body: in the address behind the `?`, or in a header."""

    name: str
    type: str
    text: str
    choices: tuple[str, ...] = ()
    place: str = "query"


Form = type[Schema] | list[type[Schema]] | list[list[type[Schema]]] | Content | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """`also`: answers beside the one `status` and those that what the route needs brings along (openapi.py)."""

    takes: Form = None
    answers: Form = None
    asks: tuple[Asked, ...] = ()
    status: int = 200
    also: tuple[int, ...] = ()


_NAMES = frozenset(field.name for field in fields(Shape))


def take_shape(declared: dict[str, Any]) -> Shape:
    """Take out of a route's declaration what it says of bodies and answers; what is left is its Need."""
    return Shape(**{name: declared.pop(name) for name in _NAMES & declared.keys()})


def shape_of(view: Callable[..., Any] | None) -> Shape:
    """Return what a view declares, which may be nothing."""
    found: Shape = getattr(view, "shape", Shape())
    return found


BINARY = Content(("application/octet-stream",), "the file's bytes")
HTML = Content(("text/html",), "a page for people, in English, Arabic or Sorani Kurdish")
FORM_FIELDS = Content(("application/x-www-form-urlencoded",), "what the page's form sends, with __csrf")
EMPTY = Content((), "nothing")

NOTES = Asked("X-Action-Notes", "string", "Why it is done, percent-encoded; kept with the audit.", place="header")
EXTENDED = Asked(
    "X-Extended-Metadata", "string", "`true` adds what is named below as extended.", ("true", "false"), "header"
)
