"""Split a multipart/form-data body into its parts while it arrives (RFC 7578).

The parser is the library multipart's: Werkzeug's compiles two regular expressions for each boundary, and every upload
has a boundary of its own, which was more than half of what the door cost an upload of 9 KB. Names are read as UTF-8, as
Latin-1 where they are not, and are otherwise left as they came.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from multipart import MultipartSegment, PushMultipartParser
from werkzeug.http import parse_options_header

Write = Callable[[bytes], object]

# Real headers of a part have 200 bytes in two lines; a file name may be long.
LONGEST_HEADER = 65_536
MOST_HEADERS = 32
# Only quotes are escaped, by the HTML standard as %22, by others with a backslash; any other backslash is the name's.
# The library's own reading cuts C:\x\y.jpg down to y.jpg, and the form's XML knows only the whole name.
_NAME = re.compile(r';\s*name="((?:\\"|[^"])*)"', re.IGNORECASE)
_FILE_NAME = re.compile(r';\s*filename="((?:\\"|[^"])*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """What the headers of a part say; a part without a file name is a form field."""

    name: str
    file_name: str | None
    content_type: str


def read_multipart(pieces: Iterator[bytes], boundary: bytes, begin: Callable[[Part], Write | None]) -> None:
    """Read a body to its end; `begin` says where the bytes of a part go, None for nowhere.

    Raises ValueError when the body is no multipart or ends before its last boundary.
    """
    write: Write | None = None
    with PushMultipartParser(
        boundary, max_header_size=LONGEST_HEADER, max_header_count=MOST_HEADERS, header_charset="latin-1"
    ) as parser:
        for piece in pieces:
            for event in parser.parse(piece):
                if isinstance(event, MultipartSegment):
                    write = begin(_read_part(event))
                elif event is not None and write is not None:
                    write(event)


def _read_part(segment: MultipartSegment) -> Part:
    disposition = _decode(segment.header("Content-Disposition") or "")
    plain = parse_options_header(disposition)[1] if "*=" in disposition or '"' not in disposition else {}
    return Part(
        name=_find(_NAME, disposition, plain.get("name")) or "",
        file_name=_find(_FILE_NAME, disposition, plain.get("filename")),
        content_type=_decode(segment.header("Content-Type") or ""),
    )


def _decode(latin: str) -> str:
    """Read what came as bytes; NUL, which PostgreSQL keeps in no text, becomes U+FFFD."""
    raw = latin.encode("latin-1").replace(b"\0", b"\xef\xbf\xbd")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _find(pattern: re.Pattern[str], disposition: str, otherwise: str | None) -> str | None:
    quoted = pattern.search(disposition)
    return quoted.group(1).replace('\\"', '"').replace("%22", '"') if quoted else otherwise
