"""Read a bundle: who made it and for whom, then its parts, each only after it was proven whole.

Every way of being damaged, cut off, exchanged or addressed to somebody else is said as a Problem, before any part of
what is altered is given out.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sync_server.core.bundle_format import (
    ACKNOWLEDGEMENT,
    BundleBroken,
    BundleOfAnotherFormat,
    Tail,
    Trailer,
    iter_frames,
    read_head,
    read_tail,
)
from sync_server.core.bundle_sealing import open_volume, unlock_key
from sync_server.core.sealing import NotAsSealed
from sync_server.node import Node
from sync_server.peer_errors import (
    BatchUnreadable,
    BundleDamaged,
    BundleEndMissing,
    BundleForAnother,
    BundleFromStranger,
    BundleTooNew,
    BundleUnreadable,
    BundleVolumeMissing,
    PairingEnded,
    PeerStopped,
)
from sync_server.replication.bundle_volumes import volume_path
from sync_server.services.node_identity import get_sealing_key
from sync_server.store.peers import STOPPED, PeerNode, find_peer

PIECE = 1 << 20
_VOLUME = re.compile(r"(.+)\.\d{3,}")


@dataclass(frozen=True, slots=True)
class OpenedBundle:
    """A bundle of a peer for this node, whose last trailer is signed by it."""

    node: Node
    peer: PeerNode
    path: Path
    trailer: Trailer

    @property
    def is_acknowledgement(self) -> bool:
        return self.trailer.kind == ACKNOWLEDGEMENT

    def frames(self, progress: Callable[[int], None] = lambda _count: None) -> Iterator[tuple[bytes, bytes]]:
        """Yield its parts in order; raise BundleDamaged or BundleUnreadable at the first that is not as it was made."""
        for number, volume in enumerate(self.trailer.volumes, 1):
            path = volume_path(self.path, number)
            with reading(path):
                if not path.is_file():
                    raise BundleVolumeMissing(file=self.path.name, number=f"{number:03d}")
                if path.stat().st_size != volume.size:
                    raise BundleBroken("it is shorter or longer than it was")
                yield from _read_volume(self, path, number, volume.sha256, progress)
        with reading(self.path):
            yield from _read_volume(self, self.path, self.trailer.number, None, progress)


def open_bundle(node: Node, path: Path) -> OpenedBundle:
    """Find out whose bundle this is; raise a Problem unless it is a peer's, for this node, and signed by it."""
    path = find_last_volume(path.absolute())
    with reading(path), path.open("rb") as file:
        tail = read_tail(file)
    trailer = tail.trailer
    if trailer.receiver != node.id:
        raise BundleForAnother(file=path.name)
    peer = _find_sender(node, path, tail)
    if not trailer.is_last:
        raise BundleEndMissing(file=path.name)
    return OpenedBundle(node, peer, path, trailer)


def find_last_volume(path: Path) -> Path:
    """Return the file that names all volumes, whichever of them was named."""
    match = _VOLUME.fullmatch(path.name)
    whole = path.with_name(match[1]) if match else path
    return whole if whole.is_file() else path


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say in a sentence what is wrong with a file that should be a volume."""
    try:
        yield
    except BundleOfAnotherFormat as error:
        raise BundleTooNew(file=path.name) from error
    except BundleBroken as error:
        raise BundleDamaged(file=path.name, reason=str(error)) from error
    except NotAsSealed as error:
        raise BundleDamaged(file=path.name, reason="its content was altered") from error
    except BatchUnreadable as error:
        raise BundleDamaged(file=path.name, reason=str(error.details["reason"])) from error
    except OSError as error:
        raise BundleUnreadable(file=path.name, reason=error.strerror or str(error)) from error


def _find_sender(node: Node, path: Path, tail: Tail) -> PeerNode:
    with node.database.read() as session:
        peer = find_peer(session, tail.trailer.sender)
    if peer is None or not tail.is_by(peer.public_key):
        # Whoever is known is not accused: a byte that changed on the stick looks the same as another's key.
        raise (
            BundleFromStranger(file=path.name)
            if peer is None
            else BundleDamaged(file=path.name, reason="it is not signed by the node that it names")
        )
    if peer.state == STOPPED:
        raise PeerStopped
    if not peer.is_active:
        raise PairingEnded(name=peer.name)
    return peer


def _read_volume(
    bundle: OpenedBundle, path: Path, number: int, sha256: str | None, progress: Callable[[int], None]
) -> Iterator[tuple[bytes, bytes]]:
    """Yield a volume's parts; `sha256` of the whole file, None for the last, whose trailer says that of its content."""
    with path.open("rb") as file:
        content = bundle.trailer.content if sha256 is None else read_tail(file).trailer.content
        file.seek(0)
        counted = _Counted(file, content, progress)
        head, said = read_head(counted)  # type: ignore[arg-type]
        trailer = bundle.trailer
        named = {"bundle": trailer.bundle, "sender": trailer.sender, "receiver": trailer.receiver, "number": number}
        if {name: said.get(name) for name in named} != named or not isinstance(said.get("slot"), dict):
            raise BundleBroken("it belongs to another bundle")
        key = unlock_key(said["slot"], sender=bundle.peer.public_key, receiver=get_sealing_key(bundle.node))
        yield from iter_frames(open_volume(counted, key, head))  # type: ignore[arg-type]
        if sha256 is not None:
            counted.left = os.fstat(file.fileno()).st_size - content
            while counted.read(PIECE):
                pass
        if counted.sha256 != (sha256 or trailer.sha256):
            raise BundleBroken("it is not as it was signed")


class _Counted:
    """A file of which only the first bytes are read, each hashed and counted."""

    def __init__(self, file: BinaryIO, size: int, progress: Callable[[int], None]) -> None:
        self._file, self._progress = file, progress
        self._hash, self.left = hashlib.sha256(), size

    def read(self, size: int) -> bytes:
        return self._note(self._file.read(min(size, self.left)))

    def readline(self, size: int) -> bytes:
        return self._note(self._file.readline(min(size, self.left)))

    def _note(self, content: bytes) -> bytes:
        self.left -= len(content)
        self._hash.update(content)
        self._progress(len(content))
        return content

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()
