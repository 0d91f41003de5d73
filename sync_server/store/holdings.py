"""What this node holds, as streams of ids: for digests, whose memory must not grow with rows' contents."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sync_server.store.tables import decisions, receipts, submission_attachments, submission_versions, submissions

STREAM = {"yield_per": 1000}


def iter_version_ids(session: Session) -> Iterator[str]:
    yield from session.scalars(select(submission_versions.c.sha256), execution_options=STREAM)


def count_versions(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(submission_versions)) or 0


def iter_attachment_ids(session: Session) -> Iterator[tuple[str, str, str]]:
    """Each attachment as (version, name, sha256 of its bytes)."""
    v, a = submission_versions.c, submission_attachments.c
    query = select(v.sha256, a.name, a.sha256).join_from(submission_attachments, submission_versions)
    yield from session.execute(query, execution_options=STREAM)


def iter_receipt_ids(session: Session) -> Iterator[str]:
    yield from session.scalars(select(receipts.c.id), execution_options=STREAM)


def iter_decisions(session: Session) -> Iterator[tuple[str, str, list[str], Any]]:
    """Each decision as (id, kind, parents, body)."""
    t = decisions.c
    query = select(t.id, t.kind, t.parents, t.body)
    yield from session.execute(query, execution_options=STREAM)


def iter_states(session: Session) -> Iterator[tuple[str, Any]]:
    """Each submission's state as (form, state)."""
    query = select(submissions.c.form_id, submissions.c.state)
    yield from session.execute(query, execution_options=STREAM)
