"""Peers: nodes this one is paired with, by id. What a peer may have is in `assignments`, under its actor."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from sync_server.errors import NotFound
from sync_server.store.accounts import PEER, add_actor
from sync_server.store.tables import actors, peer_rounds, peers

HUB, CENTRE = "hub", "centre"
ACTIVE, REVOKED, STOPPED = "active", "revoked", "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerNode:
    """One paired node. `side` is what it is to us; `epochs` are those of its feed, the last in force."""

    id: str
    actor_id: int
    side: str
    name: str
    public_key: bytes = field(repr=False)
    url: str | None
    predecessors: tuple[str, ...]
    state: str
    state_reason: str
    paired_at: datetime
    ended_at: datetime | None
    epochs: tuple[str, ...]
    ticket: str | None = field(repr=False)
    ticket_epoch: str | None
    scope_hash: str | None
    echo_floor: int
    seen_at: datetime | None
    program: str | None
    clock_offset_seconds: float | None

    @property
    def is_centre(self) -> bool:
        return self.side == CENTRE

    @property
    def is_active(self) -> bool:
        return self.state == ACTIVE

    @property
    def is_dialled(self) -> bool:
        """Tell whether this node calls it: a centre whose address it knows. Paired by stick, there is none at first."""
        return self.is_centre and self.is_active and self.url is not None

    @property
    def epoch(self) -> str | None:
        """The epoch of its feed that is in force, None before its first greeting."""
        return self.epochs[-1] if self.epochs else None

    @property
    def ids(self) -> frozenset[str]:
        """Its id and those of the nodes it replaces: what any of them received is its own."""
        return frozenset((self.id, *self.predecessors))


_NAMES = tuple(PeerNode.__dataclass_fields__)
_COLUMNS = tuple(peers.c[name] for name in _NAMES)


def add_peer(
    session: Session, *, id: str, side: str, name: str, public_key: bytes, url: str | None = None,
    predecessors: tuple[str, ...] = (), now: datetime,
) -> PeerNode:  # fmt: skip
    """Add a peer with an actor of its own, which may nothing yet."""
    actor_id = add_actor(session, PEER, name, now=now)
    row = {
        **{"id": id, "actor_id": actor_id, "side": side, "name": name, "public_key": public_key, "url": url},
        **{"predecessors": list(predecessors), "state": ACTIVE, "state_reason": "", "paired_at": now},
        **{"epochs": [], "echo_floor": 0},
    }
    session.execute(insert(peers).values(row))
    session.execute(insert(peer_rounds).values(peer_id=id, told_seq=0, files_there=0, failures=0))
    return get_peer(session, id)


def find_peer(session: Session, id: str) -> PeerNode | None:
    row = session.execute(select(*_COLUMNS).where(peers.c.id == id)).first()
    return _peer(row) if row else None


def get_peer(session: Session, id: str) -> PeerNode:
    """Return a peer; raise NotFound."""
    found = find_peer(session, id)
    if found is None:
        raise NotFound
    return found


def lock_peer(session: Session, id: str) -> PeerNode:
    """As `get_peer`, and keep others from changing it until this transaction ends."""
    session.execute(select(peers.c.id).where(peers.c.id == id).with_for_update())
    return get_peer(session, id)


def find_peer_called(session: Session, name: str) -> PeerNode | None:
    """Find a peer by its name or its id; of several by one name the active one, else the one paired last."""
    query = select(*_COLUMNS).where(or_(peers.c.name == name, peers.c.id == name))
    found = session.execute(query.order_by((peers.c.state == ACTIVE).desc(), peers.c.paired_at.desc())).first()
    return _peer(found) if found else None


def revive_peer(
    session: Session, id: str, *, side: str, name: str, url: str | None, predecessors: tuple[str, ...], now: datetime
) -> PeerNode:
    """Make a known peer active again, as if paired now: no ticket is known of it, what it had before stays known."""
    values = {"side": side, "name": name, "url": url, "predecessors": list(predecessors), "paired_at": now}
    ticketless = {"ticket": None, "ticket_epoch": None, "scope_hash": None}
    change_peer(session, id, **values, **ticketless, state=ACTIVE, state_reason="", ended_at=None)
    peer = get_peer(session, id)
    session.execute(update(actors).where(actors.c.id == peer.actor_id).values(display_name=name))
    return peer


def end_peer(session: Session, id: str, *, reason: str, now: datetime) -> None:
    """End a pairing. What the peer was granted stays written down, for who replaces it; it has nothing of it."""
    change_peer(session, id, state=REVOKED, state_reason=reason, ended_at=now)


def iter_peers(session: Session) -> list[PeerNode]:
    """List the peers, ended ones too, in the order in which they were paired."""
    query = select(*_COLUMNS).order_by(peers.c.paired_at, peers.c.id)
    return [_peer(row) for row in session.execute(query)]


def change_peer(session: Session, id: str, **values: Any) -> None:
    """Set columns of a peer."""
    session.execute(update(peers).where(peers.c.id == id).values(values))


def _peer(row: Any) -> PeerNode:
    values = dict(zip(_NAMES, row, strict=True))
    values.update(epochs=tuple(values["epochs"]), predecessors=tuple(values["predecessors"]))
    return PeerNode(**{**values, "public_key": bytes(values["public_key"])})
