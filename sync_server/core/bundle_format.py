"""A bundle's volumes as bytes: a head in clear, a sealed stream of frames, and a signed trailer (docs/replication.md).

In clear is only who made it for whom, and which volumes belong to it. The trailer of the last volume names the hashes
of all others, so its signature covers every byte. What cannot be read raises BundleBroken with the reason.
"""

import json
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO

from sync_server.core.signatures import is_signed_by

FORMAT = 1
MAGIC, END_MAGIC = b"SYNCBUNDLE1\n", b"SYNCBUNDLE-END1\n"
SIGNED_AS = b"sync-server bundle 1\n"
SIGNATURE = 64
LONGEST_HEAD, LONGEST_TRAILER = 65_536, 64_000_000
BUNDLE, ACKNOWLEDGEMENT = "bundle", "acknowledgement"

HEADER, BATCH, PIECES, AWAITED, END = b"H", b"B", b"P", b"A", b"E"
LONGEST_FRAME = {HEADER: 4_000_000, BATCH: 256_000_000, PIECES: 17_000_000, AWAITED: 8_000_000, END: 65_536}
MOST_VOLUMES = 100_000
_ID = re.compile(r"[0-9a-f]{32}")
_FRAME = struct.Struct(">cI")
_LENGTH = struct.Struct(">I")


class BundleBroken(Exception):
    """It is no bundle, or not as it was made; the reason is for people."""


class BundleOfAnotherFormat(Exception):
    """It was made by a program that writes them otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A volume of a bundle before the last one, as the last one names it."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trailer:
    """What a volume says of itself at its end. `plan` is for who made it alone: how it goes on after this volume."""

    kind: str
    bundle: str
    sender: str
    receiver: str
    number: int
    is_last: bool
    content: int  # bytes before the trailer
    sha256: str  # of those
    volumes: tuple[Volume, ...] = ()
    plan: str = field(default="", repr=False)

    def require_name(self) -> None:
        """Raise BundleBroken unless the bundle's id, of which nothing is proven yet, may become the name of a file."""
        if not _ID.fullmatch(self.bundle) or not 0 < self.number <= MOST_VOLUMES:
            raise BundleBroken("its end makes no sense")


@dataclass(frozen=True, slots=True)
class Tail:
    """A trailer as it was read: nothing of it is known to be true before `is_by` says so."""

    trailer: Trailer
    written: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    def is_by(self, public_key: bytes) -> bool:
        return is_signed_by(public_key, SIGNED_AS + self.written, self.signature)


def write_head(said: Mapping[str, Any]) -> bytes:
    """Write what stands before the sealed stream, and is bound into it."""
    return MAGIC + json.dumps(said, sort_keys=True).encode() + b"\n"


def read_head(stream: BinaryIO) -> tuple[bytes, dict[str, Any]]:
    """Read the head; return its very bytes as well."""
    magic, line = stream.read(len(MAGIC)), stream.readline(LONGEST_HEAD)
    if magic != MAGIC or not line.endswith(b"\n"):
        raise BundleBroken("it does not begin as a bundle does")
    return magic + line, _object(line)


def trailer_message(trailer: Trailer) -> bytes:
    """Write a trailer, as it is signed after SIGNED_AS."""
    return json.dumps({"format": FORMAT, **asdict(trailer)}, sort_keys=True).encode()


def write_tail(written: bytes, signature: bytes) -> bytes:
    return written + signature + _LENGTH.pack(len(written)) + END_MAGIC


def read_tail(stream: BinaryIO) -> Tail:
    """Read the end of a volume; raise BundleBroken, or BundleOfAnotherFormat."""
    size = stream.seek(0, 2)
    fixed = SIGNATURE + _LENGTH.size + len(END_MAGIC)
    stream.seek(max(size - fixed, 0))
    end = stream.read(fixed)
    if len(end) < fixed or not end.endswith(END_MAGIC):
        raise BundleBroken("its end is missing")
    (length,) = _LENGTH.unpack_from(end, SIGNATURE)
    if length > min(LONGEST_TRAILER, size - fixed):
        raise BundleBroken("its end makes no sense")
    stream.seek(size - fixed - length)
    written = stream.read(length)
    trailer = _read_trailer(_object(written))
    if trailer.content != size - fixed - length:
        raise BundleBroken("it is longer or shorter than it says")
    return Tail(trailer, written, end[:SIGNATURE])


def _read_trailer(said: dict[str, Any]) -> Trailer:
    if said.pop("format", None) != FORMAT:
        raise BundleOfAnotherFormat
    try:
        volumes = tuple(Volume(**_typed(Volume, each)) for each in said.pop("volumes"))
        trailer = Trailer(**{**_typed(Trailer, said), "volumes": volumes})
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise BundleBroken("its end makes no sense") from error
    if trailer.kind not in (BUNDLE, ACKNOWLEDGEMENT) or (
        trailer.number != len(trailer.volumes) + 1 and trailer.is_last
    ):
        raise BundleBroken("its end makes no sense")
    return trailer


def _typed(kind: Any, said: Mapping[str, Any]) -> dict[str, Any]:
    types = {"str": str, "int": int, "bool": bool, str: str, int: int, bool: bool}
    for name, value in said.items():
        if type(value) is not types[kind.__dataclass_fields__[name].type]:
            raise TypeError(name)
    return dict(said)


def _object(content: bytes) -> dict[str, Any]:
    try:
        said = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BundleBroken("it cannot be read") from error
    if not isinstance(said, dict):
        raise BundleBroken("it cannot be read")
    return said


# -- frames: what the sealed stream is made of


def write_frame(kind: bytes, payload: bytes) -> bytes:
    if len(payload) > LONGEST_FRAME[kind]:
        raise ValueError("a frame that nobody would read")
    return _FRAME.pack(kind, len(payload)) + payload


def iter_frames(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield (kind, payload) of a stream of bytes; never more than one frame is in memory."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while (frame := _cut_frame(waiting)) is not None:
            yield frame
    if waiting:
        raise BundleBroken("it is cut off")


def _cut_frame(waiting: bytearray) -> tuple[bytes, bytes] | None:
    if len(waiting) < _FRAME.size:
        return None
    kind, length = _FRAME.unpack_from(waiting)
    if length > LONGEST_FRAME.get(kind, -1):
        raise BundleBroken("it has a part that makes no sense")
    end = _FRAME.size + length
    if len(waiting) < end:
        return None
    payload = bytes(waiting[_FRAME.size : end])
    del waiting[:end]
    return kind, payload
