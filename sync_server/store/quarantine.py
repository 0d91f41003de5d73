"""Read the submissions that wait for a person: why, and between which versions there is to decide."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, func, or_, select
from sqlalchemy.orm import Session

from sync_server.core.submission_state import SubmissionState
from sync_server.store.tables import submissions


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedSubmission:
    """A submission with the reasons why a person should look at it."""

    project_id: int
    form_id: str
    root_id: str
    form_version: str
    received_at: datetime
    is_held: bool
    state: SubmissionState
    flags: tuple[dict[str, Any], ...]


def iter_quarantined(session: Session) -> Iterator[QuarantinedSubmission]:
    """Stream what waits for a person, oldest first."""
    t = submissions.c
    query = _select().where(_waits()).order_by(t.first_received_at, t.root_id, t.id)
    for row in session.execute(query, execution_options={"yield_per": 200}):
        yield _quarantined(row)


def count_quarantined(session: Session) -> int:
    """How many submissions wait for a person."""
    return session.scalar(select(func.count()).select_from(submissions).where(_waits())) or 0


def find_submissions(
    session: Session, root_id: str, *, form_id: str | None = None, project_id: int | None = None
) -> list[QuarantinedSubmission]:
    """Find the submissions of that instanceID: one, unless several forms or projects have it and none is named."""
    t = submissions.c
    where = [t.root_id == root_id]
    where += [t.form_id == form_id] if form_id is not None else []
    where += [t.project_id == project_id] if project_id is not None else []
    query = _select().where(*where).order_by(t.project_id, t.form_id).limit(20)
    return [_quarantined(row) for row in session.execute(query)]


def _waits() -> ColumnElement[bool]:
    t = submissions.c
    return or_(t.is_held, t.has_conflict, cast(t.flags, Text) != "[]")


def _select() -> Select[Any]:
    t = submissions.c
    return select(t.project_id, t.form_id, t.root_id, t.form_version, t.first_received_at, t.is_held, t.state, t.flags)


def _quarantined(row: Any) -> QuarantinedSubmission:
    return QuarantinedSubmission(
        project_id=row.project_id,
        form_id=row.form_id,
        root_id=row.root_id,
        form_version=row.form_version,
        received_at=row.first_received_at,
        is_held=row.is_held,
        state=SubmissionState.from_json(row.state),
        flags=tuple(row.flags),
    )
