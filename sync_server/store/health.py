"""Reads for `doctor`: how a node fares, in figures that are quick to come by. Never an answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, cast, func, select, text
from sqlalchemy.orm import Session

from sync_server.store import changes
from sync_server.store.tables import (
    checkpoints,
    decisions,
    form_attachments,
    node,
    parked_changes,
    receipts,
    submission_attachments,
    submission_versions,
    unreadable_uploads,
)

NEWEST = 5000  # receipts whose clocks are looked at


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many changes a consumer has still to handle."""

    consumer: str
    behind: int


def find_node_id(session: Session) -> str | None:
    return session.scalar(select(node.c.id))


def check_quickly(session: Session) -> list[str]:
    """Ask SQLite whether its file hangs together, without comparing every index; PostgreSQL looks while it reads."""
    if session.get_bind().dialect.name != "sqlite":
        return []
    return [row[0] for row in session.execute(text("PRAGMA quick_check(5)")) if row[0] != "ok"]


def iter_backlogs(session: Session) -> list[Backlog]:
    """List every consumer with what lies before it: everything, for one of another epoch or that never began."""
    head, epoch, t = changes.head(session), changes.epoch(session), checkpoints.c
    rows = session.execute(select(t.consumer, t.epoch, t.seq).order_by(t.consumer))
    begun = [Backlog(name, max(head - (seq if began == epoch else 0), 0)) for name, began, seq in rows]
    return begun or [Backlog("consumers", head)]


def count_parked(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(parked_changes)) or 0


def count_unreadable(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(unreadable_uploads)) or 0


def sum_received(session: Session, since: datetime) -> tuple[int, datetime | None]:
    """Return how many bytes of new content came since then, files included, and when the first of it came."""
    r, v, a = receipts.c, submission_versions.c, submission_attachments.c
    is_new = (r.received_at >= since) & r.is_new
    first = func.min(r.received_at, type_=r.received_at.type)
    xml = select(func.coalesce(func.sum(func.length(v.xml)), 0), first)
    size, began = session.execute(xml.join_from(receipts, submission_versions).where(is_new)).one()
    files = select(func.coalesce(func.sum(a.size), 0)).select_from(receipts)
    files = files.join(submission_attachments, a.version_id == r.version_id).where(is_new)
    return int(size) + int(session.scalar(files) or 0), began


def iter_clock_offsets(session: Session, since: datetime) -> list[tuple[str, float]]:
    """List (tablet, its clock minus ours in seconds) of the newest receipts that say so."""
    t = receipts.c
    tablet = func.coalesce(cast(t.actor_id, String), t.device_id, "?")
    query = select(tablet, t.clock_offset_seconds).where(t.received_at >= since, t.clock_offset_seconds.is_not(None))
    return [(name, offset) for name, offset in session.execute(query.order_by(t.received_at.desc()).limit(NEWEST))]


def find_newest_receipt(session: Session) -> datetime | None:
    newest: datetime | None = session.scalar(
        select(func.max(receipts.c.received_at, type_=receipts.c.received_at.type))
    )
    return newest


def find_newest_moment(session: Session) -> datetime | None:
    """Return when the newest receipt or decision was made."""
    t = decisions.c.decided_at
    decided: datetime | None = session.scalar(select(func.max(t, type_=t.type)))
    return max((moment for moment in (find_newest_receipt(session), decided) if moment), default=None)


def iter_promised_blobs(session: Session, shards: list[str]) -> Iterator[str]:
    """Stream the sha256 of every blob that a row names and that begins with one of these two letters."""
    for column in (submission_attachments.c.sha256, form_attachments.c.sha256, unreadable_uploads.c.sha256):
        query = select(column).where(func.substr(column, 1, 2).in_(shards))
        yield from session.scalars(query, execution_options={"yield_per": 1000})
