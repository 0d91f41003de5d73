"""How far each consumer has come in the feed, and the changes it could not handle."""

from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from sync_server.store import changes
from sync_server.store.engine import insert_for
from sync_server.store.tables import DERIVED, checkpoints, parked_changes


@dataclass(frozen=True, slots=True)
class ParkedChange:
    consumer: str
    seq: int
    error: str


def get_checkpoint(session: Session, consumer: str) -> int:
    """Number of the last change the consumer has handled; 0 at the beginning and in a new epoch."""
    t = checkpoints.c
    return session.scalar(select(t.seq).where(t.consumer == consumer, t.epoch == changes.epoch(session))) or 0


def move_checkpoint(session: Session, consumer: str, *, before: int, after: int) -> bool:
    """Move from `before` to `after`; False when another process has moved it meanwhile (compare and set)."""
    epoch = changes.epoch(session)
    start = {"consumer": consumer, "epoch": epoch, "seq": 0}
    session.execute(insert_for(session)(checkpoints).on_conflict_do_nothing(), [start])
    if before == 0:  # a new epoch begins again
        session.execute(
            update(checkpoints)
            .where(checkpoints.c.consumer == consumer, checkpoints.c.epoch != epoch)
            .values(epoch=epoch, seq=0)
        )
    moved = update(checkpoints).where(checkpoints.c.consumer == consumer, checkpoints.c.seq == before).values(seq=after)
    return session.execute(moved.returning(checkpoints.c.seq)).first() is not None


def park_change(session: Session, consumer: str, seq: int, error: str) -> None:
    row = {"consumer": consumer, "seq": seq, "error": error[:500]}
    session.execute(insert_for(session)(parked_changes).on_conflict_do_nothing(), [row])


def iter_parked(session: Session) -> list[ParkedChange]:
    t = parked_changes.c
    return [
        ParkedChange(*row) for row in session.execute(select(t.consumer, t.seq, t.error).order_by(t.consumer, t.seq))
    ]


def count_behind(session: Session, consumer: str) -> int:
    """How many changes the consumer has not handled yet."""
    seq = get_checkpoint(session, consumer)
    return max(changes.head(session) - seq, 0)


def forget_derived(session: Session) -> None:
    """Empty every derived table, so that the consumers begin again at the first change."""
    for table in DERIVED:
        session.execute(delete(table))
