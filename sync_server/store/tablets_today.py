"""Reads of what tablets sent since a moment of today: who, of which form, how many, when last. Never an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sync_server.store.tables import actors, receipts, submission_versions


@dataclass(frozen=True, slots=True)
class Sent:
    """What one sender sent of one form. `node` is where it was received, None for here; `name` may be unknown."""

    actor_id: int | None
    name: str | None
    node: str | None
    project_id: int
    form_id: str
    submissions: int
    last_received_at: datetime


def iter_sent(session: Session, *, since: datetime, limit: int = 5_000) -> Sequence[Sent]:
    """List what came since then by sender and form; a submission that came twice counts once."""
    r, v = receipts.c, submission_versions.c
    name = func.coalesce(actors.c.display_name, r.device_id)
    sender = (r.actor_id, name, r.node, v.project_id, v.form_id)
    last = func.max(r.received_at, type_=r.received_at.type)
    joined = receipts.join(submission_versions, v.id == r.version_id).outerjoin(actors, actors.c.id == r.actor_id)
    query = (
        select(*sender, func.count(v.instance_id.distinct()), last)
        .select_from(joined)
        # The id of a receipt begins with its time, so its index leads there: the table has none by time.
        .where(r.id >= f"{int(since.timestamp() * 1_000_000):014x}", r.received_at >= since)
        .group_by(*sender)
        .order_by(v.project_id, v.form_id, r.actor_id, name)
        .limit(limit)
    )
    return [Sent(*row) for row in session.execute(query)]
