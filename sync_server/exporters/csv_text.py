"""The text of a CSV row, as ODK Central writes it: what reads Central's files reads these.

UTF-8 without byte order mark, lines ended by LF, quotes only where needed. A cell that begins with "=" is written as
it is: the answer is not ours to change.
"""

import re
from collections.abc import Iterable, Sequence

# A lone carriage return too: Python's writer leaves it bare when lines end in LF, and readers break the row there.
_NEEDS_QUOTES = re.compile('[",\r\n]')


def csv_line(cells: Sequence[str]) -> str:
    """Write one row with its line feed."""
    line = ",".join(cells)
    # Most rows need no quotes at all; to look once at the whole row is three times as fast.
    if '"' in line or "\n" in line or "\r" in line or line.count(",") >= len(cells):
        line = ",".join(map(_cell, cells))
    return line + "\n"


def csv_lines(rows: Iterable[Sequence[str]]) -> str:
    """Write rows one below another."""
    return "".join(map(csv_line, rows))


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(text) else text
