"""Read what was erased, and find what a rule or a person wants erased."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, func, insert, select
from sqlalchemy.orm import Session

from sync_server.store.decisions import StoredDecision, find_decisions
from sync_server.store.tables import (
    blocked_uploads,
    decisions,
    erased_instances,
    erased_versions,
    receipts,
    submission_versions,
    submissions,
)

ERASURE, RETENTION = "erasure", "retention"
PAGE = 500


@dataclass(frozen=True, slots=True)
class BlockedUpload:
    """That a tablet sent again what was erased: when and from where, nothing of what."""

    id: str
    project_id: int
    form_id: str
    instance_id: str
    sha256: str
    received_at: datetime
    door: str
    device_id: str | None
    actor_id: int | None


@dataclass(frozen=True, slots=True)
class ScannedVersion:
    """One version, to be searched for a person."""

    row_id: int
    project_id: int
    form_id: str
    instance_id: str
    is_sealed: bool
    xml: bytes


def iter_decisions(session: Session, kind: str) -> list[StoredDecision]:
    """List the decisions of a kind, oldest first."""
    t = decisions.c
    subjects = session.scalars(select(t.subject).where(t.kind == kind).distinct()).all()
    found = [d for d in find_decisions(session, subjects) if d.kind == kind]
    return sorted(found, key=lambda d: (d.decided_at, d.id))


def find_decision(session: Session, id: str) -> StoredDecision | None:
    t = decisions.c
    subject = session.scalar(select(t.subject).where(t.id == id))
    found = find_decisions(session, [] if subject is None else [subject])
    return next((d for d in found if d.id == id), None)


def add_blocked(session: Session, upload: BlockedUpload) -> None:
    values = {name: getattr(upload, name) for name in upload.__slots__}
    session.execute(insert(blocked_uploads).values(**values))


def iter_blocked(session: Session) -> list[BlockedUpload]:
    """List what came again, oldest first."""
    t = blocked_uploads
    columns = [t.c[name] for name in BlockedUpload.__slots__]
    return [BlockedUpload(*row) for row in session.execute(select(*columns).order_by(t.c.received_at, t.c.id))]


@dataclass(frozen=True, slots=True)
class Beyond:
    """What of a form is beyond an age: first received before a moment, and stored as a version below a number."""

    project_id: int
    form_id: str
    before: datetime
    below: int | None


def find_beyond(session: Session, project_id: int, form_id: str, *, before: datetime, now: datetime) -> Beyond:
    """Tell what is beyond an age, also where the clock was once slow.

    Versions are numbered as they come: what was stored behind one that came within the age is not beyond it, whatever
    its receipt says. Receipts from the future prove nothing.
    """
    t = receipts.c
    young = select(func.min(t.version_id)).where(t.is_new, t.received_at >= before, t.received_at <= now)
    return Beyond(project_id, form_id, before, session.scalar(young))


def find_older(session: Session, beyond: Beyond, *, limit: int = PAGE) -> list[tuple[str, datetime]]:
    """List submissions as (root, received), oldest first."""
    t = submissions.c
    query = _older(select(t.root_id, t.first_received_at), beyond).order_by(t.first_received_at, t.root_id)
    return [(row[0], row[1]) for row in session.execute(query.limit(limit))]


def count_older(session: Session, beyond: Beyond) -> int:
    return session.scalar(_older(select(func.count()), beyond)) or 0


def _older(query: Select[Any], beyond: Beyond) -> Select[Any]:
    t = submissions.c
    mine = (t.project_id == beyond.project_id, t.form_id == beyond.form_id, t.first_received_at < beyond.before)
    query = query.select_from(submissions.join(receipts, receipts.c.id == t.first_receipt_id)).where(*mine)
    return query if beyond.below is None else query.where(receipts.c.version_id < beyond.below)


def iter_scanned(session: Session, project_id: int, form_id: str | None) -> Iterator[ScannedVersion]:
    """Stream the versions of a project, or of one form, with their XML."""
    t = submission_versions.c
    query = select(t.id, t.project_id, t.form_id, t.instance_id, t.is_sealed, t.xml).where(t.project_id == project_id)
    if form_id is not None:
        query = query.where(t.form_id == form_id)
    for row in session.execute(query.order_by(t.id), execution_options={"yield_per": 100}):
        yield ScannedVersion(*row[:5], bytes(row[5]))


def find_returned(session: Session) -> list[str]:
    """List instances of which everything was erased and of which a version is here all the same."""
    v, e = submission_versions.c, erased_instances.c
    here = exists().where(v.project_id == e.project_id, v.form_id == e.form_id, v.instance_id == e.instance_id)
    return list(session.scalars(select(e.instance_id).where(e.scope == "whole", here).distinct().limit(PAGE)))


def find_unredacted(session: Session) -> list[str]:
    """List versions from which a person was to be taken out, and was not."""
    v, e, d = submission_versions.c, erased_instances.c, erased_versions.c
    done = exists().where(d.project_id == v.project_id, d.sha256 == v.sha256, d.decision_id == e.decision_id)
    joined = submission_versions.join(
        erased_instances,
        (v.project_id == e.project_id) & (v.form_id == e.form_id) & (v.instance_id == e.instance_id),
    )
    query = select(v.sha256).select_from(joined).where(e.scope == "person", ~done)
    return list(session.scalars(query.distinct().limit(PAGE)))
