"""A node in this process as one end of a replication, opened for one peer.

The other side of a socket calls the same functions (`protocols/replication.py`), so a hub and a centre in one process
behave as two over a network do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sync_server.core.node_comparison import RangesAnswered, RangesAsked, VersionFound, VersionsAsked
from sync_server.core.replication_batch import Batch
from sync_server.node import Node
from sync_server.replication import greeting, in_turn, incoming, media, outgoing
from sync_server.replication.peer import AwaitedFile, Greeting, Limits, Piece, Taken
from sync_server.services import held_ranges
from sync_server.store.peers import PeerNode, get_peer


@dataclass(frozen=True, slots=True)
class LocalPeer:
    """`node`, as the node with the id `for_peer` may use it."""

    node: Node
    for_peer: str

    @property
    def peer(self) -> PeerNode:
        with self.node.database.read() as session:
            return get_peer(session, self.for_peer)

    def meet(self, other: Greeting) -> Greeting:
        return greeting.meet(self.node, self.for_peer, other)

    def read_changes(self, since: int, limits: Limits) -> Batch:
        return outgoing.read_changes(self.node, self.peer, since, limits)

    def read_names(self, since: int, limits: Limits) -> tuple[Batch, Sequence[str]]:
        return outgoing.read_names(self.node, self.peer, since, limits)

    def read_items(self, names: Sequence[str], head: Batch) -> Batch:
        return outgoing.read_items(self.node, self.peer, names, head)

    def find_lacking(self, names: Sequence[str]) -> Sequence[str]:
        return incoming.find_lacking(self.node, self.peer, names)

    def take(self, batch: Batch) -> Taken:
        taken = incoming.take(self.node, self.peer, batch)
        outgoing.pass_over_echoes(self.node, self.peer)
        return taken

    def take_in_turn(self, batch: Batch) -> Taken:
        in_turn.wait_for_turn(self.node, self.peer, batch)
        return self.take(batch)

    def list_awaited(self, limit: int) -> Sequence[AwaitedFile]:
        return media.list_awaited(self.node, self.peer, limit)

    def read_pieces(self, wanted: Sequence[tuple[AwaitedFile, int, int]]) -> Sequence[Piece]:
        return media.read_pieces(self.node, self.peer, wanted)

    def write_pieces(self, pieces: Sequence[Piece]) -> int:
        return media.write_pieces(self.node, self.peer, pieces)

    def compare_ranges(self, asked: RangesAsked) -> RangesAnswered:
        return held_ranges.compare_ranges(self.node, self.peer, asked)

    def find_versions(self, asked: VersionsAsked) -> Sequence[VersionFound]:
        return held_ranges.find_versions(self.node, self.peer, asked)
