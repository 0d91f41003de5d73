"""Write a bundle's volumes: each aside, synced, then put in its place; last the one that names all others.

So a stick that was pulled out has a bundle, or whole volumes without their last one. Those are taken up again: each
says, sealed for its maker alone, how it goes on after it.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, count, takewhile
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sync_server.core import bundle_format
from sync_server.core.bundle_format import SIGNED_AS, Tail, Trailer, Volume, read_tail, trailer_message, write_tail
from sync_server.core.bundle_sealing import lock_key, seal_volume
from sync_server.core.replication_batch import compress, decompress
from sync_server.durable import sync_folder
from sync_server.node import Node
from sync_server.peer_errors import BatchUnreadable, BundleNoRoom, BundleUnwritable
from sync_server.replication.bundle_contents import Position
from sync_server.services.incoming_parts import NO_SPACE
from sync_server.services.node_identity import get_public_key, get_sealing_key, sign
from sync_server.services.node_secrets import derive_key
from sync_server.store.peers import PeerNode

PIECE = 1 << 20
SLACK = 200_000  # of a volume, for its head and trailer
SYNC_BYTES = 32_000_000
RESERVE = 1_000_000  # left free on the stick, for the acknowledgement

Parts = Iterator[tuple[bytes, Position]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a bundle was begun with, and where it goes on. It is gone on with as long as all but the position holds."""

    begun: dict[str, Any]
    position: Position


@dataclass(frozen=True, slots=True)
class Whole:
    """Volumes that are there already, of a bundle whose last one is not."""

    bundle: str
    volumes: tuple[Volume, ...]
    position: Position


@dataclass(slots=True, kw_only=True)
class VolumeWriter:
    """Writes the volumes of one bundle under a name. `begun`: what has to hold when it is gone on with.

    `tell` is called after every piece, that somebody who waits for a slow stick sees that it goes on.
    """

    node: Node
    peer: PeerNode
    path: Path
    kind: str
    bundle: str
    begun: dict[str, Any]
    limit: int
    room: Callable[[], int]
    volumes: list[Volume]
    tell: Callable[[], None] = lambda: None

    def write(self, parts: Parts) -> int:
        """Write all; return how many bytes. Raises BundleNoRoom or BundleUnwritable, with no bundle under the name."""
        waiting = _Waiting(parts)
        written = 0
        while True:
            with writing(self.path):
                size, is_last = self._write_one(waiting)
            written += size
            if is_last:
                return written

    def _write_one(self, waiting: "_Waiting") -> tuple[int, bool]:
        number = len(self.volumes) + 1
        aside = self.path.with_name(f".{self.path.name}.part")
        key, counted = os.urandom(32), _Counted()
        own = get_sealing_key(self.node)
        slot = lock_key(key, sender=own, receiver=self.peer.public_key, ephemeral=os.urandom(32))
        head = bundle_format.write_head({**self._names(number), "slot": slot})
        aside.unlink(missing_ok=True)
        with aside.open("xb") as file:  # never through a link that lies on the stick under this name
            for piece in chain([head], seal_volume(waiting.take(self.limit - SLACK), key, head)):
                self._require_room(len(piece))
                counted.add(piece)
                _write(file, piece)
                self.tell()
            tail = self._tail(number, counted, waiting)
            counted.add(tail)
            file.write(tail)
            file.flush()
            os.fsync(file.fileno())
        target = self.path if waiting.is_over else volume_path(self.path, number)
        aside.replace(target)
        sync_folder(target.parent)
        self.volumes.append(Volume(size=counted.size, sha256=counted.sha256))
        return counted.size, waiting.is_over

    def _names(self, number: int) -> dict[str, Any]:
        return {"bundle": self.bundle, "sender": self.node.id, "receiver": self.peer.id, "number": number}

    def _tail(self, number: int, counted: "_Counted", waiting: "_Waiting") -> bytes:
        is_last, sha256 = waiting.is_over, counted.sha256
        trailer = Trailer(
            kind=self.kind, **self._names(number), is_last=is_last, content=counted.size, sha256=sha256,
            volumes=tuple(self.volumes) if is_last else (),
            plan="" if is_last else _seal_plan(self.node, Plan(self.begun, waiting.position), sha256),
        )  # fmt: skip
        written = trailer_message(trailer)
        return write_tail(written, sign(self.node, SIGNED_AS + written))

    def _require_room(self, size: int) -> None:
        free = self.room()
        if free < size + RESERVE:
            raise BundleNoRoom(needed=f"{size + RESERVE - free:,} more", folder=self.path.parent, free=f"{free:,}")


def volume_path(path: Path, number: int) -> Path:
    """Name a volume before the last one."""
    return path.with_name(f"{path.name}.{number:03d}")


def find_whole(node: Node, path: Path, begun: dict[str, Any]) -> Whole | None:
    """Find volumes of a bundle that was begun with the same and never ended; None when there are none."""
    found: Whole | None = None
    while not path.exists() and (longer := _find_next(node, path, begun, found)) is not None:
        found = longer
    return found


def forget_volumes(node: Node, path: Path, *, after: int) -> None:
    """Delete this node's volumes under a name beyond a number, and what lies aside; raise for anybody else's file."""
    number = after + 1
    while volume_path(path, number).exists():
        require_own(node, volume_path(path, number))
        volume_path(path, number).unlink()
        number += 1
    path.with_name(f".{path.name}.part").unlink(missing_ok=True)


def measure_replaced(path: Path, *, after: int) -> int:
    """Say how many bytes an earlier bundle under a name has, but for the volumes up to a number."""
    later = takewhile(Path.is_file, (volume_path(path, number) for number in count(after + 1)))
    return sum(each.stat().st_size for each in [path, *later] if each.is_file())


def require_own(node: Node, path: Path) -> None:
    """Raise BundleUnwritable when a file is there that is no bundle of this node."""
    if path.exists() and _read_own(node, path) is None:
        raise BundleUnwritable(file=path, reason="another file has this name already")


def free_bytes(path: Path) -> int:
    return shutil.disk_usage(path.parent).free


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in a sentence why a stick takes no more, and leave nothing half written."""
    aside = path.with_name(f".{path.name}.part")
    try:
        yield
    except OSError as error:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        if error.errno == NO_SPACE:
            raise BundleNoRoom(needed="more", folder=path.parent, free="0") from error
        raise BundleUnwritable(file=path, reason=error.strerror or str(error)) from error
    except BundleNoRoom:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise


def _write(file: BinaryIO, piece: bytes) -> None:
    """Write a piece; have the stick take what was written before it is much.

    Else memory takes it, everything seems done, and the last sync of a slow stick lasts minutes without a word.
    """
    before = file.tell()
    file.write(piece)
    if file.tell() // SYNC_BYTES > before // SYNC_BYTES:
        file.flush()
        os.fsync(file.fileno())


class _Waiting:
    """Parts, of which one is looked at before it is taken."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._next = next(parts, None)
        self.position = Position(since=0)

    @property
    def is_over(self) -> bool:
        return self._next is None

    def take(self, room: int) -> Iterator[bytes]:
        """Give out parts as long as they fit; one always does."""
        is_first = True
        while self._next is not None and (is_first or len(self._next[0]) <= room):
            part, self.position = self._next
            room -= len(part) + len(part) // 4_000 + 16  # with the tags of its sealing
            is_first = False
            self._next = next(self._parts, None)
            yield part


class _Counted:
    def __init__(self) -> None:
        self._hash, self.size = hashlib.sha256(), 0

    def add(self, content: bytes) -> None:
        self._hash.update(content)
        self.size += len(content)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def _seal_plan(node: Node, plan: Plan, sha256: str) -> str:
    said = compress(json.dumps({"begun": plan.begun, "position": plan.position.to_json()}).encode())
    nonce = os.urandom(12)
    return (nonce + AESGCM(_plan_key(node)).encrypt(nonce, said, sha256.encode())).hex()


def _open_plan(node: Node, trailer: Trailer) -> Plan | None:
    try:
        sealed = bytes.fromhex(trailer.plan)
        opened = AESGCM(_plan_key(node)).decrypt(sealed[:12], sealed[12:], trailer.sha256.encode())
        said = json.loads(decompress(opened))
        return Plan(said["begun"], Position.from_json(said["position"]))
    except (InvalidTag, ValueError, KeyError, TypeError, BatchUnreadable):
        return None


def _plan_key(node: Node) -> bytes:
    return derive_key(node, "bundle plan")


def _read_own(node: Node, path: Path) -> Tail | None:
    """Read the trailer of a volume that this node made; None for anything else."""
    try:
        with path.open("rb") as file:
            tail = read_tail(file)
    except (OSError, bundle_format.BundleBroken, bundle_format.BundleOfAnotherFormat):
        return None
    is_own = tail.trailer.sender == node.id and tail.is_by(get_public_key(node))
    return tail if is_own else None


def _find_next(node: Node, path: Path, begun: dict[str, Any], before: Whole | None) -> Whole | None:
    """Join the volume that follows, if it is there, whole, and of the same bundle."""
    volumes = before.volumes if before else ()
    tail = _read_own(node, volume_path(path, len(volumes) + 1))
    plan = _open_plan(node, tail.trailer) if tail else None
    if tail is None or plan is None or plan.begun != begun or tail.trailer.number != len(volumes) + 1:
        return None
    if before is not None and tail.trailer.bundle != before.bundle:
        return None
    volume = _measure(volume_path(path, tail.trailer.number), tail.trailer)
    return Whole(tail.trailer.bundle, (*volumes, volume), plan.position) if volume else None


def _measure(path: Path, trailer: Trailer) -> Volume | None:
    """Hash a volume anew; None when its content is no longer what it was."""
    whole, content = _Counted(), _Counted()
    with path.open("rb") as file:
        for piece in iter(lambda: file.read(PIECE), b""):
            content.add(piece[: max(trailer.content - whole.size, 0)])
            whole.add(piece)
    return Volume(size=whole.size, sha256=whole.sha256) if content.sha256 == trailer.sha256 else None
