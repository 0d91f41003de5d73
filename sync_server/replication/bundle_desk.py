"""Bundles that a page makes: they lie in the data folder for a day, to be carried away.

For each peer a folder: its bundle, the acknowledgement for it, and the last one it sent. Names are made of the two
nodes' ids, so that bundles of several offices go on one stick. All is sealed to the peer; not even this node reads it
again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sync_server.node import Node
from sync_server.replication.bundle_acks import read_acknowledgements
from sync_server.replication.bundle_make import VOLUME_BYTES, MadeBundle, make_bundle
from sync_server.replication.bundle_take import ACKNOWLEDGED
from sync_server.replication.bundle_volumes import free_bytes
from sync_server.replication.lease import hold
from sync_server.services.incoming_parts import tag_of
from sync_server.services.peer_status import Movement
from sync_server.services.scratch_folder import BUNDLES
from sync_server.services.see_peers import require_whole_peer
from sync_server.store.accounts import Actor

BUNDLE = ".bundle"
_SHOWN = 8  # letters of an id
_TO_US = "of-theirs"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that can be carried to a peer."""

    name: str
    size: int
    made_at: datetime

    @property
    def is_acknowledgement(self) -> bool:
        return self.name.endswith(ACKNOWLEDGED)


def make_on_desk(
    node: Node, actor: Actor | None, peer_id: str, *, is_whole: bool = False, volume_bytes: int = VOLUME_BYTES,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    progress: Callable[[Movement], None] = lambda _movement: None,
) -> MadeBundle:  # fmt: skip
    """Make a bundle for a peer, in place of an earlier one; raise a Problem, RoundUnderWay for two at once."""
    peer = require_whole_peer(node, actor, peer_id)
    folder = _folder(node, peer.id)
    with hold(node, peer.id, clock):
        lacking = read_acknowledgements(node, peer.id, folder / _TO_US)
        path = folder / (_stem(node, peer.id) + BUNDLE)
        return make_bundle(
            node, peer.id, path, is_whole=is_whole, lacking=lacking, volume_bytes=volume_bytes, progress=progress,
            room=lambda there: max(free_bytes(there) - node.settings.min_free_bytes, 0),  # tablets go on sending
        )  # fmt: skip


def list_on_desk(node: Node, actor: Actor | None, peer_id: str) -> list[Waiting]:
    """List what can be carried to a peer: whole bundles with all their volumes, and an acknowledgement."""
    folder = _folder(node, require_whole_peer(node, actor, peer_id).id)
    files = {path.name: path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")}
    is_made = _stem(node, peer_id) + BUNDLE in files  # written last: without it, volumes are no bundle yet
    found = [path for name, path in sorted(files.items()) if is_made or name.endswith(ACKNOWLEDGED)]
    return [Waiting(p.name, p.stat().st_size, datetime.fromtimestamp(p.stat().st_mtime, UTC)) for p in found]


def find_on_desk(node: Node, actor: Actor | None, peer_id: str, name: str) -> Path | None:
    """Find such a file by its name; None when it is there no more."""
    if name not in {waiting.name for waiting in list_on_desk(node, actor, peer_id)}:
        return None
    return _folder(node, peer_id) / name


def keep_answer(node: Node, peer_id: str, path: Path) -> str:
    """Keep the acknowledgement for a peer that was left beside its bundle; return its name."""
    name = _stem(node, peer_id) + ACKNOWLEDGED
    path.replace(_folder(node, peer_id) / name)
    return name


def keep_acknowledgement(node: Node, peer_id: str, path: Path) -> None:
    """Keep what a peer acknowledged until the next bundle for it is made: it says which files are lacking."""
    folder = _folder(node, peer_id) / _TO_US
    folder.mkdir(exist_ok=True)
    path.replace(folder / f"last{ACKNOWLEDGED}")


def _folder(node: Node, peer_id: str) -> Path:
    folder = node.settings.data / BUNDLES / tag_of(peer_id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _stem(node: Node, peer_id: str) -> str:
    return f"{node.id[:_SHOWN]}-to-{peer_id[:_SHOWN]}"
