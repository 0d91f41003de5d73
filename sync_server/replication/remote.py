"""Another node behind a socket, as one end of a replication (docs/replication.md, "Speaking").

Every request is signed, every answer's signature is checked before anything in it is believed. When the other node
has forgotten the session (it was restored, or a day went by), it is greeted again, once, and the request repeated:
every request may be repeated.
"""

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import requests

from sync_server.core.node_comparison import RangesAnswered, RangesAsked, VersionFound, VersionsAsked
from sync_server.core.replication_batch import (
    LARGEST,
    PROTOCOL,
    Batch,
    compress,
    decompress,
    pack,
    sort_for_sending,
    unpack,
)
from sync_server.core.replication_pieces import LARGEST_HEAD, pack_pieces, pack_wanted, unpack_awaited, unpack_pieces
from sync_server.core.request_signing import (
    ANSWER_HEADER,
    Credentials,
    answer_message,
    read_signature,
    request_message,
    write_header,
)
from sync_server.core.signatures import is_signed_by
from sync_server.node import Node
from sync_server.peer_errors import PeerIsAnother, PeerTooOld, ProtocolUnknown, SessionOver
from sync_server.replication import wire, wire_fields, wire_ranges
from sync_server.replication.line import CONNECT_SECONDS, READ_SECONDS, Answer, Line
from sync_server.replication.peer import AwaitedFile, Greeting, Limits, Piece, Taken
from sync_server.replication.rate_limit import RateLimit
from sync_server.replication.remote_problems import read_problem
from sync_server.services import node_identity, peer_tickets
from sync_server.store.peers import PeerNode, get_peer

BASE = "/replication/v1/"
GREET = "greet"
JSON, BINARY = "application/json", "application/octet-stream"
PROGRAM = "sync-server"
LATER = ("ranges", "versions")  # that came after the protocol's first version: a program from before answers 404


@dataclass(slots=True)
class _Talk:
    """What the lanes to one node share: the session's word, and the greeting that began it."""

    session: str = ""
    said: Greeting | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class RemotePeer:
    """`peer`, a node that is dialled, over one connection for one thread; `beside` makes another lane."""

    def __init__(
        self, node: Node, peer: PeerNode, *, session: requests.Session, rate: RateLimit | None = None,
        timeout: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS), proxy: str = "", ca_file: str = "",
    ) -> None:  # fmt: skip
        self._node, self._peer, self._talk = node, peer, _Talk()
        self._line = Line(session=session, rate=rate, timeout=timeout, proxy=proxy, ca_file=ca_file)

    def beside(self, session: requests.Session) -> "RemotePeer":
        """Make a lane of its own connection in the same session: it needs no greeting, and shows no ticket."""
        line = self._line
        lane = RemotePeer(
            self._node, self._peer,
            session=session, rate=line.rate, timeout=line.timeout, proxy=line.proxy, ca_file=line.ca_file,
        )  # fmt: skip
        lane._talk = self._talk
        return lane

    @property
    def sent_bytes(self) -> int:
        return self._line.sent_bytes

    @property
    def received_bytes(self) -> int:
        return self._line.received_bytes

    def meet(self, other: Greeting) -> Greeting:
        with self._talk.lock:
            return self._greet(other)

    def read_changes(self, since: int, limits: Limits) -> Batch:
        return unpack(self._ask("changes", wire.pack_json(wire.write_limits(since, limits))))

    def read_names(self, since: int, limits: Limits) -> tuple[Batch, Sequence[str]]:
        return wire.unpack_named(self._ask("names", wire.pack_json(wire.write_limits(since, limits))))

    def read_items(self, names: Sequence[str], head: Batch) -> Batch:
        found = unpack(self._ask("items", wire.pack_json({"names": list(names), "batch": wire.write_head(head)})))
        return replace(head, items=tuple(sort_for_sending((*head.items, *found.items))))

    def find_lacking(self, names: Sequence[str]) -> Sequence[str]:
        return wire_fields.texts_of(self._ask_json("lacking", {"names": list(names)}), "names")

    def take(self, batch: Batch) -> Taken:
        return self._take("take", batch)

    def take_in_turn(self, batch: Batch) -> Taken:
        return self._take("take-in-turn", batch)

    def list_awaited(self, limit: int) -> Sequence[AwaitedFile]:
        return unpack_awaited(decompress(self._ask("awaited", wire.pack_json({"limit": limit})), largest=LARGEST_HEAD))

    def read_pieces(self, wanted: Sequence[tuple[AwaitedFile, int, int]]) -> Sequence[Piece]:
        return unpack_pieces(self._ask("fetch", compress(pack_wanted(wanted))))

    def write_pieces(self, pieces: Sequence[Piece]) -> int:
        return wire_fields.number_of(wire.unpack_object(self._ask("give", pack_pieces(pieces))), "whole")

    def compare_ranges(self, asked: RangesAsked) -> RangesAnswered:
        return wire_ranges.read_ranges_answered(self._ask_json("ranges", wire_ranges.write_ranges_asked(asked)))

    def find_versions(self, asked: VersionsAsked) -> Sequence[VersionFound]:
        return wire_ranges.read_versions_found(self._ask_json("versions", wire_ranges.write_versions_asked(asked)))

    def digest(self, project_uid: str) -> dict[str, str]:
        """Ask for the digests of what both nodes must have in common of a project."""
        said = self._ask_json("digest", {"project": project_uid})
        return {name: wire_fields.text_of(said, name) for name in said}

    def _take(self, route: str, batch: Batch) -> Taken:
        packed = pack(batch)
        return replace(wire.read_taken(wire.unpack_object(self._ask(route, packed))), packed=len(packed))

    def _ask_json(self, route: str, value: dict[str, Any]) -> dict[str, Any]:
        return wire.unpack_object(self._ask(route, wire.pack_json(value)))

    def _ask(self, route: str, body: bytes) -> bytes:
        session = self._talk.session
        try:
            return self._send(route, body, session)
        except SessionOver:
            return self._send(route, body, self._renew(session))

    def _renew(self, over: str) -> str:
        """Greet again, unless the other lane did meanwhile; return the session's word."""
        with self._talk.lock:
            if self._talk.session == over:
                if self._talk.said is None:
                    raise SessionOver
                self._greet(replace(self._talk.said, clock=datetime.now(UTC)))
            return self._talk.session

    def _greet(self, said: Greeting) -> Greeting:
        with self._node.database.read() as session:
            ticket = get_peer(session, self._peer.id).ticket
        nonce = secrets.token_hex(16)
        opening = wire.Opening(greeting=said, protocols=(PROTOCOL,), ticket=ticket, nonce=nonce)
        answer = self._send(GREET, wire.write_opening(opening), "")
        heard = wire.read_opening(answer)
        if PROTOCOL not in heard.protocols:
            raise ProtocolUnknown(theirs=", ".join(map(str, heard.protocols)), ours=PROTOCOL)
        if heard.greeting.node != self._peer.id:
            raise PeerIsAnother(address=self._peer.url)
        if heard.ticket:
            peer_tickets.keep_ticket(self._node, self._peer.id, heard.ticket)
        self._talk.session, self._talk.said = heard.session, said
        return heard.greeting

    def _send(self, route: str, body: bytes, session: str) -> bytes:
        message = request_message("POST", BASE + route, session, body)
        signature = node_identity.sign(self._node, message)
        headers = {
            "Authorization": write_header(Credentials(self._node.id, session, signature)),
            "Content-Type": JSON if route == GREET else BINARY,
            "User-Agent": PROGRAM,
            "Accept-Encoding": "identity",  # it is compressed as it is
        }
        address = (self._peer.url or "").rstrip("/") + BASE + route
        answer = self._line.post(address, headers, body, largest=LARGEST)
        if not self._is_right(answer, signature):
            is_signed = self._is_signed(answer, signature)
            if answer.status == 404 and route in LATER and not is_signed:
                raise PeerTooOld(name=self._peer.name)
            raise read_problem(answer, is_signed=is_signed)
        return answer.body

    def _is_right(self, answer: Answer, signature: bytes) -> bool:
        """Tell whether it is what was asked for; raise PeerIsAnother when some other node says so."""
        if answer.status != 200 or ANSWER_HEADER not in answer.headers:
            return False
        if not self._is_signed(answer, signature):
            raise PeerIsAnother(address=self._peer.url)
        return True

    def _is_signed(self, answer: Answer, signature: bytes) -> bool:
        signed = read_signature(answer.headers.get(ANSWER_HEADER, ""))
        message = answer_message(signature, answer.status, answer.body)
        return signed is not None and is_signed_by(self._peer.public_key, message, signed)
