"""Offers to pair: codes that were printed, what they are for, and what became of them. One use each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from sync_server.store.tables import peer_offers

# Proofs that were wrong: a person who types errs less often, and a guesser of 80 bits gets nowhere.
MOST_WRONG = 10
_t = peer_offers.c


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOffer:
    """A code by its first group. `scope` is as core/peer_places writes it; `replaces` the id of a peer."""

    id: str
    name: str
    secret_sealed: bytes = field(repr=False)
    scope: list[dict[str, Any]]
    replaces: str | None
    created_at: datetime
    created_by: int | None
    expires_at: datetime
    used_at: datetime | None = None
    used_by: str | None = None
    wrong: int = 0

    @property
    def is_void(self) -> bool:
        return self.wrong >= MOST_WRONG

    def is_open(self, now: datetime) -> bool:
        return self.used_at is None and not self.is_void and now < self.expires_at


_NAMES = tuple(StoredOffer.__dataclass_fields__)
_COLUMNS = tuple(_t[name] for name in _NAMES)


def add_offer(session: Session, offer: StoredOffer) -> None:
    session.execute(insert(peer_offers).values({name: getattr(offer, name) for name in _NAMES}))


def find_offer(session: Session, id: str) -> StoredOffer | None:
    row = session.execute(select(*_COLUMNS).where(_t.id == id)).first()
    return StoredOffer(**row._mapping) if row else None


def lock_offer(session: Session, id: str) -> StoredOffer | None:
    """As `find_offer`, and keep others from using it until this transaction ends."""
    session.execute(select(_t.id).where(_t.id == id).with_for_update())
    return find_offer(session, id)


def iter_open_offers(session: Session, *, now: datetime) -> Sequence[StoredOffer]:
    """List the offers that can still be used, oldest first."""
    query = select(*_COLUMNS).where(_t.used_at.is_(None), _t.wrong < MOST_WRONG, _t.expires_at > now)
    return [StoredOffer(**row._mapping) for row in session.execute(query.order_by(_t.created_at, _t.id))]


def note_wrong(session: Session, id: str) -> None:
    """Count a wrong proof."""
    session.execute(update(peer_offers).where(_t.id == id).values(wrong=_t.wrong + 1))


def note_used(session: Session, id: str, *, by: str, now: datetime) -> None:
    session.execute(update(peer_offers).where(_t.id == id).values(used_at=now, used_by=by))


def end_offers(session: Session, name: str, *, now: datetime) -> int:
    """End the open offers of this name; return how many there were."""
    query = update(peer_offers).where(_t.name == name, _t.used_at.is_(None), _t.expires_at > now)
    return len(session.execute(query.values(expires_at=now).returning(_t.id)).all())
