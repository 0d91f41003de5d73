"""Parts of files on their way in from a peer: `incoming/<sha256>-<peer>.part` in the data folder.

One for each peer, so that none can spoil what another sends. A part that is left incomplete is synced before its
length is told, so that neither a kill nor a power cut lets the other end go on beyond what is there.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from sync_server.core.ids import is_sha256, sha256_hex
from sync_server.errors import DiskFull
from sync_server.node import Node

FOLDER = "incoming"
PIECE = 1 << 20
NO_SPACE = 28  # errno ENOSPC, the same number everywhere
_NAME = re.compile(r"([0-9a-f]{64})-([0-9a-f]{16})\.part")


class Part(NamedTuple):
    """A part that lies here: of which file, and from which peer (by its tag)."""

    path: Path
    sha256: str
    tag: str


def tag_of(peer_id: str) -> str:
    """What stands for a peer in the names of its parts."""
    return sha256_hex(peer_id.encode())[:16]


def present_bytes(node: Node, peer_id: str, sha256: str) -> int:
    """How many bytes of a file are here from this peer."""
    try:
        return _path(node, peer_id, sha256).stat().st_size
    except FileNotFoundError:
        return 0


def append_piece(node: Node, peer_id: str, sha256: str, *, offset: int, content: bytes, size: int) -> int:
    """Keep what of a piece is new; return how many bytes of the file are here then.

    What is here already is cut off, what would leave a gap is ignored, and nothing goes beyond `size`. Raises DiskFull.
    """
    present = present_bytes(node, peer_id, sha256)
    if offset > present:
        return present
    fresh = content[present - offset :][: max(size - present, 0)]
    if not node.has_room(len(fresh)):
        raise DiskFull
    with told_when_full(), suppress(FileNotFoundError):  # taken away meanwhile: it begins again
        _write(_path(node, peer_id, sha256), present, fresh)
    return present_bytes(node, peer_id, sha256)


def sync_part(node: Node, peer_id: str, sha256: str) -> None:
    """Let what is here survive a power cut."""
    with told_when_full(), suppress(FileNotFoundError), _path(node, peer_id, sha256).open("r+b") as file:
        os.fsync(file.fileno())


def read_part(node: Node, peer_id: str, sha256: str) -> Iterator[bytes]:
    """Stream what is here of a file; raise FileNotFoundError."""
    with _path(node, peer_id, sha256).open("rb") as file:
        yield from iter(lambda: file.read(PIECE), b"")


def drop_part(node: Node, peer_id: str, sha256: str) -> bool:
    """Throw a part away; False when it was not here."""
    try:
        _path(node, peer_id, sha256).unlink()
    except FileNotFoundError:
        return False
    return True


def iter_parts(node: Node, sha256: str = "*") -> Iterator[Part]:
    """List the parts of one file, or of all."""
    for path in sorted((node.settings.data / FOLDER).glob(f"{sha256}-*.part")):
        if match := _NAME.fullmatch(path.name):
            yield Part(path, match[1], match[2])


@contextmanager
def told_when_full() -> Iterator[None]:
    """Raise DiskFull for a disk that takes no more."""
    try:
        yield
    except OSError as error:
        if error.errno == NO_SPACE:
            raise DiskFull from error
        raise


def _path(node: Node, peer_id: str, sha256: str) -> Path:
    if not is_sha256(sha256):  # it comes from outside, and becomes the name of a file
        raise ValueError("not a sha256")
    return node.settings.data / FOLDER / f"{sha256}-{tag_of(peer_id)}.part"


def _write(path: Path, offset: int, content: bytes) -> None:
    """Write at the offset: two requests that bring the same at once write the same bytes twice."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.touch(mode=0o600)
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)
