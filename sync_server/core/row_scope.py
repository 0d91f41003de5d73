"""Filters over a form's rows that are written once for many forms: by HXL tag in place of a question's path.

`#adm2+code eq 'IQ-NI-03'` holds for every form that has a question tagged `#adm2+code`. Of a form without such a
question, nobody with this filter sees anything: where we cannot tell whether a row is theirs, it is not.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NoReturn

from sync_server.errors import RowsUnreadable

DISTRICT_TAG = "#adm2+code"
_TAG = re.compile(r"'(?:[^']|'')*'|#[a-z][a-z0-9+]*")

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<mark>[(),])|(?P<number>-?\d[\d.:T+Z-]*)|(?P<word>#?[$\w][\w/+.-]*))"
)
_COMPARE = frozenset(("eq", "ne", "lt", "le", "gt", "ge"))
_JOIN = frozenset(("and", "or"))
LONGEST, DEEPEST = 2_000, 20


def district_rows(codes: Iterable[str]) -> str:
    """Write the filter for some districts, one at least."""
    quoted = [code.replace("'", "''") for code in codes]
    if not quoted:
        raise ValueError("no district")
    return " or ".join(f"{DISTRICT_TAG} eq '{code}'" for code in quoted)


def name_questions(rows: str, tagged: Mapping[str, str]) -> str | None:
    """Put a form's own paths in place of the tags; None when it lacks one: then no row of it is in sight.

    `tagged` is HXL tag to path, of questions outside of repeats: `{"#adm2+code": "/meeting/adm2"}`.
    """
    tags = {found for found in _TAG.findall(rows) if found.startswith("#")}
    if not tags <= tagged.keys():
        return None
    return _TAG.sub(lambda match: tagged[match[0]].lstrip("/") if match[0].startswith("#") else match[0], rows)


def require_readable(rows: str) -> None:
    """Raise RowsUnreadable for what is no filter: comparisons, joined by and, or, not and parentheses.

    What the names mean is not known here. A filter that cannot be read shows nothing, so it is refused when it is
    written down, not when somebody is left without their rows.
    """
    _Reader(rows).read()


class _Reader:
    """Reads a filter by descent; `near` says where it stopped."""

    def __init__(self, rows: str) -> None:
        self._rows = rows
        self._place = 0
        self._next = self._cut()

    def read(self) -> None:
        if len(self._rows) > LONGEST:
            raise RowsUnreadable(near=self._rows[:30])
        self._either(DEEPEST)
        if self._next:
            self._fail()

    def _either(self, depth: int) -> None:
        self._one(depth)
        while self._next in _JOIN:
            self._take()
            self._one(depth)

    def _one(self, depth: int) -> None:
        if not depth:
            self._fail()
        if self._next == "not":
            self._take()
            self._one(depth - 1)
        elif self._next == "(":
            self._take()
            self._either(depth - 1)
            self._expect(")")
        else:
            self._operand()
            if self._next not in _COMPARE:
                self._fail()
            self._take()
            self._operand()

    def _operand(self) -> None:
        if not self._next or self._next in "(),":
            self._fail()
        self._take()
        if self._next == "(":  # a function: year(meeting/date)
            self._take()
            if self._next != ")":
                self._operand()
            self._expect(")")

    def _expect(self, mark: str) -> None:
        if self._next != mark:
            self._fail()
        self._take()

    def _take(self) -> None:
        self._next = self._cut()

    def _cut(self) -> str:
        if not self._rows[self._place :].strip():
            return ""
        match = _TOKEN.match(self._rows, self._place)
        if match is None:
            self._fail()
        self._place = match.end()
        return match[match.lastgroup or 0]

    def _fail(self) -> NoReturn:
        raise RowsUnreadable(near=self._rows[max(0, self._place - 10) : self._place + 20])
