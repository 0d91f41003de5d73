"""Pieces of files as bytes for the wire: one line of JSON that says what follows, then the bytes themselves.

Not compressed, because photos do not shrink. What cannot be read raises BatchUnreadable: the lengths must add up to
exactly what came, and nothing is taken of what does not (docs/replication.md, "Media").
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from sync_server.core.ids import is_sha256
from sync_server.peer_errors import BatchUnreadable

PROTOCOL = 1
MOST_BYTES = 8_000_000
"""Bytes of files in one request: four times the largest that is asked for."""
MOST_FILES = 5_000
LARGEST_HEAD = 8_000_000  # bytes: so many files with the longest names, and no more
LARGEST_NUMBER = 2**53  # beyond it JSON's readers disagree, and no file is so large
OWNERS = ("submission", "form")

Wanted = tuple["AwaitedFile", int, int]
"""A file, and from which offset how many bytes of it are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitedFile:
    """A file that an end waits for: whose it is, how large, and how many bytes of it are there already."""

    owner: str  # "submission" or "form"
    project: str
    version: str  # sha256 of the submission version's or form version's XML
    name: str
    sha256: str
    size: int
    present: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of an awaited file, from an offset on. Without any bytes, at the end: it is all there already."""

    file: AwaitedFile
    offset: int
    content: bytes = field(repr=False)


def pack_pieces(pieces: Sequence[Piece]) -> bytes:
    """Write pieces as one line and their bytes."""
    head = [{**asdict(p.file), "offset": p.offset, "length": len(p.content)} for p in pieces]
    return b"".join([_dump({"pieces": head}), b"\n", *(piece.content for piece in pieces)])


def unpack_pieces(packed: bytes) -> list[Piece]:
    """Read pieces; raise BatchUnreadable, with nothing taken, when any part of them makes no sense."""
    end = packed.find(b"\n", 0, LARGEST_HEAD + 1)
    if end < 0:
        raise BatchUnreadable(reason="its first line is missing or too long")
    wanted = _read_wanted(packed[:end], "pieces")
    lengths = sum(length for _file, _offset, length in wanted)
    if lengths > MOST_BYTES:
        raise BatchUnreadable(reason="it is too large")
    if lengths != len(packed) - end - 1:
        raise BatchUnreadable(reason="it is cut off, or more follows")
    return list(_cut(packed, end + 1, wanted))


def pack_wanted(wanted: Sequence[Wanted]) -> bytes:
    """Write which pieces are asked for."""
    return _dump({"wanted": [{**asdict(file), "offset": o, "length": n} for file, o, n in wanted]})


def unpack_wanted(packed: bytes) -> list[Wanted]:
    """Read which pieces are asked for; raise BatchUnreadable."""
    return _read_wanted(packed, "wanted")


def pack_awaited(awaited: Sequence[AwaitedFile]) -> bytes:
    """Write which files are awaited."""
    return _dump({"awaited": [asdict(file) for file in awaited]})


def unpack_awaited(packed: bytes) -> list[AwaitedFile]:
    """Read which files are awaited; raise BatchUnreadable."""
    return [_read_file(entry, ()) for entry in _read_entries(packed, "awaited")]


def _dump(said: Mapping[str, Any]) -> bytes:
    return json.dumps({"protocol": PROTOCOL, **said}, separators=(",", ":"), allow_nan=False).encode()


def _cut(packed: bytes, start: int, wanted: Sequence[Wanted]) -> Iterator[Piece]:
    for file, offset, length in wanted:
        yield Piece(file, offset, packed[start : start + length])
        start += length


def _read_wanted(packed: bytes, what: str) -> list[Wanted]:
    numbers = ("offset", "length")
    return [
        (_read_file(entry, numbers), _read_number(entry, "offset"), _read_number(entry, "length"))
        for entry in _read_entries(packed, what)
    ]


def _read_entries(packed: bytes, what: str) -> list[dict[str, Any]]:
    if len(packed) > LARGEST_HEAD:
        raise BatchUnreadable(reason="it is too large")
    try:
        said = json.loads(packed)
    except (ValueError, RecursionError) as error:
        raise BatchUnreadable(reason="it is damaged") from error
    _require(isinstance(said, dict) and said.keys() == {"protocol", what}, "lines")
    _require(said["protocol"] == PROTOCOL, "another version of the protocol")
    entries = said[what]
    _require(isinstance(entries, list) and len(entries) <= MOST_FILES, "files")
    _require(all(isinstance(entry, dict) for entry in entries), "files")
    return list(entries)


_TEXTS = tuple(f.name for f in fields(AwaitedFile) if f.type in (str, "str"))
_NUMBERS = tuple(f.name for f in fields(AwaitedFile) if f.type in (int, "int"))


def _read_file(entry: Mapping[str, Any], more: Sequence[str]) -> AwaitedFile:
    _require(entry.keys() == {*_TEXTS, *_NUMBERS, *more}, "fields")
    texts = {name: _read_text(entry, name) for name in _TEXTS}
    numbers = {name: _read_number(entry, name) for name in _NUMBERS}
    _require(texts["owner"] in OWNERS, "owner")
    _require(is_sha256(texts["version"]) and is_sha256(texts["sha256"]), "sha256")
    return AwaitedFile(**{**texts, **numbers})  # type: ignore[arg-type]  # names and types are those of its fields


def _read_text(entry: Mapping[str, Any], name: str) -> str:
    value = entry[name]
    # No database takes a NUL or half of a character, and nothing that is there has such a name.
    is_storable = isinstance(value, str) and "\0" not in value and not any("\ud800" <= c <= "\udfff" for c in value)
    _require(is_storable, name)
    return str(value)


def _read_number(entry: Mapping[str, Any], name: str) -> int:
    value = entry[name]
    _require(type(value) is int and 0 <= value <= LARGEST_NUMBER, name)
    return int(value)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise BatchUnreadable(reason=f"it makes no sense: {what}")
