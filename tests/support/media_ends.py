"""Two nodes that share a project, with files on their way between them, and ends whose line breaks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import update

from sync_server.core.ids import sha256_hex
from sync_server.core.replication_pieces import (
    AwaitedFile,
    Piece,
    Wanted,
    pack_awaited,
    pack_pieces,
    pack_wanted,
    unpack_awaited,
    unpack_pieces,
    unpack_wanted,
)
from sync_server.core.roles import PEER
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.peer_errors import PeerAway
from sync_server.replication import media
from sync_server.services.assign_roles import assign_role
from sync_server.store import awaited_files, peers
from sync_server.store.awaited_files import SUBMISSION, OnTheWay
from sync_server.store.peers import PeerNode
from sync_server.store.submissions import iter_versions
from sync_server.store.tables import projects
from tests.support.samples import NOON

SHARED = "4c1d" * 8  # the project's uid on both


def pair(hub: Node, centre: Node) -> None:
    """Let each know the other; project 1 of both is one, led by the centre, and the hub may have all of it."""
    for node, other, side in ((hub, centre, peers.CENTRE), (centre, hub, peers.HUB)):
        home = centre.id if node is hub else None
        node.write(lambda s, home=home: s.execute(update(projects).values(uid=SHARED, home=home)))  # type: ignore[misc]
        add_peer(node, other.id, side)
        assign_role(node, None, peer_of(node, other.id).actor_id, Grant(PEER, 1))


def add_peer(node: Node, id: str, side: str = peers.HUB) -> PeerNode:
    return node.write(
        lambda s: peers.add_peer(s, id=id, side=side, name=id, public_key=b"k" * 32, now=NOON)  # type: ignore[no-any-return]
    )


def peer_of(node: Node, id: str) -> PeerNode:
    with node.database.read() as session:
        return peers.get_peer(session, id)


def version_of(node: Node, sha256: str) -> int:
    with node.database.read() as session:
        return next(v.row_id for v in iter_versions(session, 0) if v.sha256 == sha256)


def await_file(node: Node, peer_id: str, xml: bytes, name: str, content: bytes, **said: Any) -> None:
    """Await a file of a submission version that is here, as its row at the peer says it."""
    said = {"sha256": sha256_hex(content), "size": len(content), "type": "image/jpeg", **said}
    version_id = version_of(node, sha256_hex(xml))
    node.write(
        lambda s: awaited_files.announce(s, owner=SUBMISSION, version_id=version_id, name=name, peer_id=peer_id, **said)
    )


def file_of(xml: bytes, name: str, content: bytes, **changes: Any) -> AwaitedFile:
    said = {"owner": SUBMISSION, "project": SHARED, "version": sha256_hex(xml), "name": name}
    said |= {"sha256": sha256_hex(content), "size": len(content), "present": 0}
    return AwaitedFile(**{**said, **changes})


def on_the_way(node: Node) -> OnTheWay:
    with node.database.read() as session:
        return awaited_files.count_awaited(session)


def parts(node: Node) -> list[Path]:
    return sorted((node.settings.data / "incoming").glob("*"))


def _never(_call: str) -> bool:
    return False


@dataclass
class End:
    """A node as its peer sees it, everything packed for the wire; `breaks` says which calls the line cuts."""

    node: Node
    for_peer: str
    breaks: Callable[[str], bool] = _never
    is_answer_lost: bool = False  # whether the cut comes after the work
    spoil: Callable[[Piece], Piece] = lambda piece: piece
    given: list[tuple[str, int, int]] = field(default_factory=list)
    requests: int = 0

    @property
    def peer(self) -> PeerNode:
        return peer_of(self.node, self.for_peer)

    def list_awaited(self, limit: int) -> Sequence[AwaitedFile]:
        return unpack_awaited(pack_awaited(media.list_awaited(self.node, self.peer, limit)))

    def read_pieces(self, wanted: Sequence[Wanted]) -> Sequence[Piece]:
        self._cut("read", before=True)
        self.requests += 1
        pieces = media.read_pieces(self.node, self.peer, unpack_wanted(pack_wanted(wanted)))
        self._cut("read", before=False)
        self.given += [(piece.file.name, piece.offset, len(piece.content)) for piece in pieces]
        return [self.spoil(piece) for piece in unpack_pieces(pack_pieces(pieces))]

    def write_pieces(self, pieces: Sequence[Piece]) -> int:
        self._cut("write", before=True)
        whole = media.write_pieces(self.node, self.peer, unpack_pieces(pack_pieces(pieces)))
        self._cut("write", before=False)
        return whole

    def _cut(self, call: str, *, before: bool) -> None:
        if before != self.is_answer_lost and self.breaks(call):
            raise PeerAway(reason="the line broke")
