"""Write and read the list of what one back-up holds.

One line in clear says what this is and when it was made, whose it is, what opens it and when it expires; a hash
tells damage from a wrong passphrase. The rest is sealed with the clear part bound in, so none of it can be altered:
a line for each piece of the database and each file, the node's key, and a last line without which it is no back-up.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, BinaryIO

from sync_server.core.ids import sha256_hex
from sync_server.core.sealing import NotAsSealed, open_sealed

MAGIC = b"SYNCBACKUP1 "
LONGEST_HEADER = 65_536
DATABASE, FILE, NODE_KEY, END = "database", "file", "key", "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What everybody may know of a back-up."""

    node: str
    key: str
    slot: dict[str, Any]
    made_at: datetime
    expires_at: datetime
    engine: str
    program: str
    submissions: int
    digests: dict[str, str]


@dataclass(frozen=True, slots=True)
class Piece:
    """One line of the list: a piece of the database or a file, by the sha256 and size of its content."""

    kind: str
    sha256: str
    size: int = 0

    def to_line(self) -> bytes:
        return f"{self.kind} {self.sha256} {self.size}\n".encode()


def write_header(header: Header) -> bytes:
    fields = asdict(header)
    fields |= {"made_at": header.made_at.isoformat(), "expires_at": header.expires_at.isoformat()}
    body = json.dumps(fields, sort_keys=True).encode()
    return MAGIC + sha256_hex(body).encode() + b" " + body + b"\n"


def read_header(stream: BinaryIO) -> tuple[Header, bytes]:
    """Return the header and its very bytes, which the sealed part is bound to; raise NotAsSealed."""
    line = stream.readline(LONGEST_HEADER)
    checksum, _, body = line.removeprefix(MAGIC).removesuffix(b"\n").partition(b" ")
    if not line.startswith(MAGIC) or checksum != sha256_hex(body).encode():
        raise NotAsSealed
    fields = json.loads(body)
    times = {name: datetime.fromisoformat(fields[name]) for name in ("made_at", "expires_at")}
    return Header(**{**fields, **times}), line


def write_lines(pieces: Iterable[Piece]) -> Iterator[bytes]:
    count = 0
    for piece in pieces:
        yield piece.to_line()
        count += 1
    yield Piece(END, "-", count).to_line()


def read_lines(stream: BinaryIO, key: bytes, header: bytes) -> Iterator[Piece]:
    """Yield the pieces; raise NotAsSealed when anything of the list was altered or is missing."""
    waiting = b""
    count = -1
    for text in open_sealed(stream, key, context=header):
        *lines, waiting = (waiting + text).split(b"\n")
        for line in lines:
            kind, sha256, size = line.decode().split(" ")
            count += 1
            if kind != END:
                yield Piece(kind, sha256, int(size))
            elif int(size) != count:
                raise NotAsSealed
