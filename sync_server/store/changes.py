"""The change feed: one row for everything that happened here, in the order of its commits.

Outbox, audit trail, replication source and cache key at once. A change is appended last in the transaction that
makes it, and its number is drawn under a lock that is held until the commit, so a reader that has seen number n has
seen everything below n.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from sync_server.store.engine import lock_feed
from sync_server.store.tables import changes, node


@dataclass(frozen=True, slots=True)
class Change:
    """What happened: a version of a kind, about a key (the subject it concerns)."""

    kind: str
    key: str
    version: str
    seq: int = 0
    node: str = ""  # this one, or the peer it was taken from


_HEAD = select(node.c.epoch, node.c.id, select(func.coalesce(func.max(changes.c.seq), 0)).scalar_subquery())
_APPEND = insert(changes)
_CHANGE = tuple(changes.c[name] for name in ("kind", "key", "version", "seq", "node"))


def append(session: Session, happened: Iterable[Change], *, via: str | None = None) -> int:
    """Append changes made at this node, or taken from the peer `via`; return the last number drawn.

    Call it last in the transaction.
    """
    lock_feed(session)
    epoch, node_id, last = _head(session)
    rows = [
        {"seq": last + n, "epoch": epoch, "kind": c.kind, "key": c.key, "version": c.version, "node": via or node_id}
        for n, c in enumerate(happened, start=1)
    ]
    if rows:
        session.execute(_APPEND, rows)
    return last + len(rows)


def iter_since(session: Session, seq: int, *, limit: int, kinds: Sequence[str] = ()) -> list[Change]:
    """List up to `limit` changes after `seq`, oldest first."""
    query = select(*_CHANGE).where(changes.c.seq > seq)
    if kinds:
        query = query.where(changes.c.kind.in_(kinds))
    return [Change(*row) for row in session.execute(query.order_by(changes.c.seq).limit(limit))]


def head(session: Session) -> int:
    """Number of the newest change; 0 when nothing ever happened."""
    return session.scalar(select(func.coalesce(func.max(changes.c.seq), 0))) or 0


def newest_since(session: Session, seq: int, *, kinds: Sequence[str], not_from: Iterable[str]) -> int | None:
    """Return the number of the newest change of these kinds after `seq` that none of these nodes sent; None: none."""
    is_wanted = (changes.c.seq > seq, changes.c.kind.in_(kinds), changes.c.node.not_in(list(not_from)))
    return session.scalar(select(changes.c.seq).where(*is_wanted).order_by(changes.c.seq.desc()).limit(1))


def epoch(session: Session) -> str:
    """The feed's epoch: a restored back-up starts a new one, so that numbers used twice fool nobody."""
    return session.scalar(select(node.c.epoch)) or ""


def _head(session: Session) -> tuple[str, str, int]:
    row = session.execute(_HEAD).one()
    return row[0], row[1], row[2]
