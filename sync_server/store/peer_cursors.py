"""How much of each peer's feed is in here: moved in the transaction that stores it, so it is never wrong."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from sync_server.store.engine import insert_for
from sync_server.store.tables import peer_cursors

_t = peer_cursors.c


def get_cursor(session: Session, peer_id: str, epoch: str, scope_hash: str) -> int | None:
    """Return up to which change of a feed everything was taken under a scope; None when nothing is known of it."""
    query = select(_t.seq).where(_t.peer_id == peer_id, _t.epoch == epoch, _t.scope_hash == scope_hash)
    return session.scalar(query)


def move_cursor(session: Session, peer_id: str, epoch: str, scope_hash: str, seq: int, now: datetime) -> None:
    """Say that everything up to `seq` is here. Never back: a batch that comes again changes nothing."""
    values = {"peer_id": peer_id, "epoch": epoch, "scope_hash": scope_hash, "seq": seq, "moved_at": now}
    statement = insert_for(session)(peer_cursors).values(values)
    keys = ("peer_id", "epoch", "scope_hash")
    statement = statement.on_conflict_do_update(
        index_elements=list(keys), set_={"seq": seq, "moved_at": now}, where=_t.seq < seq
    )
    session.execute(statement)


def find_furthest(session: Session, peer_id: str, epoch: str) -> int:
    """Return the furthest change that was ever taken of a feed, under whatever scope; 0 when none was."""
    query = select(func.max(_t.seq)).where(_t.peer_id == peer_id, _t.epoch == epoch)
    return session.scalar(query) or 0


def has_any(session: Session, peer_id: str) -> bool:
    """Tell whether anything was ever taken of a peer, in whatever epoch and scope."""
    return session.scalar(select(_t.seq).where(_t.peer_id == peer_id).limit(1)) is not None


def forget_cursors(session: Session, peer_id: str) -> None:
    """Forget how far a peer's feed was taken: it is begun anew, by asking first."""
    session.execute(delete(peer_cursors).where(_t.peer_id == peer_id))
