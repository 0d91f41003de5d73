"""Read what the server knows of submissions besides their answers: who sent which version when, and the review state.

Only those that nobody has to admit first, as in exports, newest first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session

from sync_server.core.submission_state import REVIEW
from sync_server.store.tables import decisions, receipts, submission_versions, submissions

Place = tuple[datetime, str]
"""Where a submission stands in the list: when it was first received, and its root id."""


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """One version, as it first arrived."""

    instance_id: str
    received_at: datetime
    device_id: str | None
    submitter_id: int | None
    xml: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ShownSubmission:
    """A submission: how it first arrived, its current version, when it was last edited or reviewed (None = never)."""

    root_id: str
    received_at: datetime
    device_id: str | None
    submitter_id: int | None
    review_state: str | None
    updated_at: datetime | None
    current: ShownVersion

    @property
    def place(self) -> Place:
        return self.received_at, self.root_id


def find_details(session: Session, project_id: int, form_id: str, root_id: str) -> ShownSubmission | None:
    t = submissions.c
    found = _load(session, project_id, form_id, _select(project_id, form_id).where(t.root_id == root_id))
    return found[0] if found else None


def iter_details(
    session: Session, project_id: int, form_id: str, *, after: Place | None = None, offset: int = 0, limit: int
) -> list[ShownSubmission]:
    """List submissions, those that stand behind `after`."""
    t = submissions.c
    query = _select(project_id, form_id).order_by(t.first_received_at.desc(), t.root_id.desc())
    if after is not None:
        query = query.where(tuple_(t.first_received_at, t.root_id) < after)
    return _load(session, project_id, form_id, query.offset(offset).limit(limit))


def _select(project_id: int, form_id: str) -> Select[Any]:
    t, r = submissions.c, receipts.c
    query = select(
        t.root_id, t.first_received_at, t.current_version_id, t.review_state, t.edits, r.device_id, r.actor_id
    )
    joined = query.select_from(submissions.outerjoin(receipts, r.id == t.first_receipt_id))
    return joined.where(t.project_id == project_id, t.form_id == form_id, t.is_held.is_(False))


def _load(session: Session, project_id: int, form_id: str, query: Select[Any]) -> list[ShownSubmission]:
    rows = session.execute(query).all()
    versions = _versions(session, project_id, [row.current_version_id for row in rows])
    reviewed = _reviewed(session, project_id, form_id, [row.root_id for row in rows])
    return [_shown(row, versions[row.current_version_id], reviewed.get(row.root_id)) for row in rows]


def _shown(row: Any, current: ShownVersion, reviewed_at: datetime | None) -> ShownSubmission:
    touched = [current.received_at] if row.edits and current.instance_id != row.root_id else []
    touched += [reviewed_at] if reviewed_at else []
    return ShownSubmission(
        root_id=row.root_id,
        received_at=row.first_received_at,
        device_id=row.device_id,
        submitter_id=row.actor_id,
        review_state=row.review_state,
        updated_at=max(touched, default=None),
        current=current,
    )


def _versions(session: Session, project_id: int, wanted: Iterable[str]) -> dict[str, ShownVersion]:
    """Load versions with their first receipts, by sha256."""
    v, r = submission_versions.c, receipts.c
    query = (
        select(v.sha256, v.instance_id, r.received_at, r.device_id, r.actor_id, v.xml)
        .join_from(submission_versions, receipts, r.version_id == v.id)
        .where(v.project_id == project_id, v.sha256.in_(list(wanted)))
        .order_by(r.received_at.desc(), r.id.desc())
    )
    return {sha256: ShownVersion(*rest) for sha256, *rest in session.execute(query)}  # the first receipt comes last


def _reviewed(session: Session, project_id: int, form_id: str, roots: Sequence[str]) -> dict[str, datetime]:
    t = decisions.c
    query = select(t.subject, func.max(t.decided_at).label("reviewed_at")).group_by(t.subject)
    about = query.where(t.project_id == project_id, t.form_id == form_id, t.subject.in_(roots), t.kind == REVIEW)
    return {row.subject: row.reviewed_at for row in session.execute(about)}
