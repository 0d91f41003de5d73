"""What this node holds, as streams of ids: for digests, whose memory must not grow with rows' contents.

All of it, or a part: one project, and of that what a predicate lets through.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select, union
from sqlalchemy.orm import Session

from sync_server.store.tables import (
    decisions,
    form_attachments,
    form_versions,
    receipts,
    submission_attachments,
    submission_versions,
    submissions,
)

STREAM = {"yield_per": 1000}
_v, _a, _r, _d, _s = submission_versions.c, submission_attachments.c, receipts.c, decisions.c, submissions.c


@dataclass(frozen=True, slots=True)
class Holding:
    """Which part is meant: `includes(form_id, instance_id)` of versions and states, and what hangs on them;
    `includes_decision(kind, form_id, subject, node)` of decisions."""

    project_id: int | None = None
    includes: Callable[[str, str], bool] = lambda form_id, instance_id: True
    includes_decision: Callable[[str, str, str, str], bool] = lambda kind, form_id, subject, node: True

    def of(self, query: Select[Any], column: Any) -> Select[Any]:
        return query if self.project_id is None else query.where(column == self.project_id)


EVERYTHING = Holding()


def iter_version_ids(session: Session, part: Holding = EVERYTHING) -> Iterator[str]:
    query = part.of(select(_v.form_id, _v.instance_id, _v.sha256), _v.project_id)
    for form_id, instance_id, sha256 in session.execute(query, execution_options=STREAM):
        if part.includes(form_id, instance_id):
            yield sha256


def iter_instances(session: Session, project_id: int) -> Iterator[tuple[str, str]]:
    """Each (form, instance) in a project, once; also of originals that edits wait for: they name a submission too."""
    here = select(_v.form_id, _v.instance_id).where(_v.project_id == project_id)
    edited = select(_v.form_id, _v.deprecated_id).where(_v.project_id == project_id, _v.deprecated_id.is_not(None))
    yield from session.execute(union(here, edited), execution_options=STREAM)


def count_versions(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(submission_versions)) or 0


def most_bytes(session: Session) -> int:
    """Say how many bytes all that can travel has at most, roughly: contents, files, and 2 kB around each version."""
    of_columns = (_v.xml, form_versions.c.xml)
    contents = [select(func.coalesce(func.sum(func.length(column)), 0)) for column in of_columns]
    files = [select(func.coalesce(func.sum(column), 0)) for column in (_a.size, form_attachments.c.size)]
    return sum(int(session.scalar(query) or 0) for query in (*contents, *files)) + 2_000 * count_versions(session)


def iter_attachment_ids(session: Session, part: Holding = EVERYTHING) -> Iterator[tuple[str, str, str]]:
    """Each attachment as (version, name, sha256 of its bytes)."""
    query = select(_v.form_id, _v.instance_id, _v.sha256, _a.name, _a.sha256)
    query = part.of(query.join_from(submission_attachments, submission_versions), _v.project_id)
    for row in session.execute(query, execution_options=STREAM):
        if part.includes(row[0], row[1]):
            yield row[2], row[3], row[4]


def iter_receipt_ids(session: Session, part: Holding = EVERYTHING) -> Iterator[str]:
    query = select(_v.form_id, _v.instance_id, _r.id).join_from(receipts, submission_versions)
    for form_id, instance_id, id in session.execute(part.of(query, _v.project_id), execution_options=STREAM):
        if part.includes(form_id, instance_id):
            yield id


def iter_decisions(session: Session, part: Holding = EVERYTHING) -> Iterator[tuple[str, str, list[str], Any]]:
    """Each decision as (id, kind, parents, body)."""
    query = part.of(select(_d.id, _d.kind, _d.parents, _d.body, _d.form_id, _d.subject, _d.node), _d.project_id)
    for id, kind, parents, body, form_id, subject, node in session.execute(query, execution_options=STREAM):
        if part.includes_decision(kind, form_id, subject, node):
            yield id, kind, parents, body


def iter_states(session: Session, part: Holding = EVERYTHING) -> Iterator[tuple[str, Any]]:
    """Each submission's state as (form, state)."""
    query = part.of(select(_s.form_id, _s.root_id, _s.state), _s.project_id)
    for form_id, root_id, state in session.execute(query, execution_options=STREAM):
        if part.includes(form_id, root_id):
            yield form_id, state
