"""Reads for gaps in forms' numbers: of what the warehouse does not hold, and how much was erased."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, and_, cast, func, select
from sqlalchemy.orm import Session

from sync_server.store.blocks import WHOLE
from sync_server.store.tables import erased_versions, receipts, submission_versions, submissions

AT_A_TIME = 200


@dataclass(frozen=True, slots=True)
class HeldSubmission:
    """A submission that waits to be admitted, and so is in no table yet. `tablet` as `tablet_key` says it."""

    received_at: datetime
    tablet: str
    xml: bytes


def iter_held(session: Session, project_id: int, form_id: str) -> Iterator[HeldSubmission]:
    """Stream the submissions of a form that a person has to admit first."""
    t, v, r = submissions.c, submission_versions.c, receipts.c
    is_current = and_(v.project_id == t.project_id, v.sha256 == t.current_version_id)
    joined = submissions.join(submission_versions, is_current).outerjoin(receipts, r.id == t.first_receipt_id)
    query = (
        select(t.first_received_at, func.coalesce(cast(r.actor_id, String), r.device_id, ""), v.xml)
        .select_from(joined)
        .where(t.project_id == project_id, t.form_id == form_id, t.is_held, v.is_sealed.is_(False))
        .order_by(t.id)
    )
    for row in session.execute(query, execution_options={"yield_per": AT_A_TIME}):
        yield HeldSubmission(*row)


def count_erased(session: Session, project_id: int, form_id: str, *, since: datetime, until: datetime) -> int:
    """Count the submissions of a form that were erased whole and had come between two moments.

    Who sent them and which numbers they had was erased with them.
    """
    t = erased_versions.c
    query = select(func.count(t.instance_id.distinct())).where(t.project_id == project_id, t.form_id == form_id)
    came = query.where(t.scope == WHOLE, t.received_at >= since, t.received_at <= until)
    return session.scalar(came) or 0
