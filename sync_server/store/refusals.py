"""Items that one end did not take, and why: "in" are those we refused, "out" those of ours that a peer refused."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from sync_server.core.storable import told_name
from sync_server.store.engine import insert_for
from sync_server.store.tables import peer_refusals

IN, OUT = "in", "out"
PART = 500
_t = peer_refusals.c


@dataclass(frozen=True, slots=True)
class KeptRefusal:
    item: str
    reason: str
    refused_at: datetime


def put_refusals(
    session: Session, peer_id: str, direction: str, refused: Iterable[tuple[str, str]], *, now: datetime
) -> None:
    """Keep items with the reason for which they were refused; the newest reason counts."""
    rows = [
        {"peer_id": peer_id, "direction": direction, "item": item, "reason": reason, "refused_at": now}
        for item, reason in {told_name(item): told_name(reason) for item, reason in refused}.items()
    ]
    insert = insert_for(session)(peer_refusals)
    newest = {"reason": insert.excluded.reason, "refused_at": insert.excluded.refused_at}
    keys = [_t.peer_id, _t.direction, _t.item]
    if rows:
        session.execute(insert.on_conflict_do_update(index_elements=keys, set_=newest), rows)


def forget_refusals(session: Session, peer_id: str, direction: str, items: Sequence[str]) -> None:
    """Forget that these were refused: they were taken after all."""
    of_peer = (_t.peer_id == peer_id, _t.direction == direction)
    if not session.scalar(select(func.count()).select_from(peer_refusals).where(*of_peer)):
        return  # nearly always: nothing was ever refused
    names = list(map(told_name, items))
    for start in range(0, len(names), PART):
        session.execute(delete(peer_refusals).where(*of_peer, _t.item.in_(names[start : start + PART])))


def note_sent(
    session: Session, peer_id: str, sent: Sequence[str], refused: Sequence[tuple[str, str]], *, now: datetime
) -> None:
    """Keep what a peer refused of a batch, and forget earlier refusals of what it took."""
    names = {item for item, _ in refused}
    forget_refusals(session, peer_id, OUT, [item for item in sent if item not in names])
    put_refusals(session, peer_id, OUT, refused, now=now)


def iter_refusals(session: Session, peer_id: str, direction: str, *, limit: int) -> list[KeptRefusal]:
    """List the newest refusals."""
    query = select(_t.item, _t.reason, _t.refused_at).where(_t.peer_id == peer_id, _t.direction == direction)
    rows = session.execute(query.order_by(_t.refused_at.desc(), _t.item).limit(limit))
    return [KeptRefusal(*row) for row in rows]


def count_refusals(session: Session, peer_id: str, direction: str) -> int:
    query = select(func.count()).select_from(peer_refusals)
    return session.scalar(query.where(_t.peer_id == peer_id, _t.direction == direction)) or 0
