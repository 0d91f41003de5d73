"""What a bundle says before anything else, sealed: the greeting of a round, as it was when the bundle was made."""

import json
from dataclasses import dataclass, field

from sync_server.core.replication_batch import PROTOCOL
from sync_server.node import Node
from sync_server.peer_errors import BatchUnreadable
from sync_server.replication import greeting, wire
from sync_server.replication.peer import Greeting
from sync_server.replication.wire_fields import number_of, object_of, text_of
from sync_server.store import awaited_files
from sync_server.store.peers import PeerNode

MOST_AWAITED = 5_000  # named in one acknowledgement; what is left is named in the next


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """`knows`: the epoch of the receiver's feed that the sender knows of; None: it never heard of it.

    `awaited`: how many files the sender awaits from the receiver. `ticket`: the one a hub holds.
    """

    greeting: Greeting
    knows: str | None
    awaited: int
    ticket: str | None = field(default=None, repr=False)


def compose_letter(node: Node, peer: PeerNode) -> Letter:
    """Say of this node what the peer has to know; raises as `introduce` does."""
    said = greeting.introduce(node, peer)
    with node.database.read() as session:
        awaited = len(awaited_files.iter_awaited(session, peer.id, MOST_AWAITED))
    return Letter(greeting=said, knows=peer.epoch, awaited=awaited, ticket=peer.ticket if peer.is_centre else None)


def write_letter(letter: Letter) -> bytes:
    opening = wire.Opening(greeting=letter.greeting, protocols=(PROTOCOL,), ticket=letter.ticket)
    said = {"opening": json.loads(wire.write_opening(opening)), "knows": letter.knows or "", "awaited": letter.awaited}
    return wire.pack_json(said)


def read_letter(packed: bytes) -> Letter:
    """Read a letter; raise BatchUnreadable."""
    said = wire.unpack_object(packed)
    opening = wire.read_opening(json.dumps(object_of(said, "opening")).encode())
    if PROTOCOL not in opening.protocols:
        raise BatchUnreadable(reason="it speaks another version of the protocol")
    return Letter(
        greeting=opening.greeting, ticket=opening.ticket, knows=text_of(said, "knows") or None,
        awaited=number_of(said, "awaited"),
    )  # fmt: skip
