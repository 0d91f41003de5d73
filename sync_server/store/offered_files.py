"""Find a file by the names that other nodes know, to tell whether a peer may have it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_server.core.replication_pieces import AwaitedFile
from sync_server.store.awaited_files import SUBMISSION
from sync_server.store.tables import (
    form_attachments,
    form_versions,
    projects,
    submission_attachments,
    submission_versions,
)


@dataclass(frozen=True, slots=True)
class Offered:
    """Whose a file is, as this node knows it; `instance_id` None: a form's."""

    project_id: int
    form_id: str
    size: int
    instance_id: str | None


def find_offered(session: Session, file: AwaitedFile) -> Offered | None:
    """Find the version that has exactly this file; None when it has not, or is not here."""
    if file.owner == SUBMISSION:
        return _find_of_submission(session, file)
    return _find_of_form(session, file)


def _find_of_submission(session: Session, file: AwaitedFile) -> Offered | None:
    v, a, p = submission_versions.c, submission_attachments.c, projects.c
    joined = submission_versions.join(projects, p.id == v.project_id)
    joined = joined.join(submission_attachments, a.version_id == v.id)
    query = select(v.project_id, v.form_id, a.size, v.instance_id).select_from(joined)
    query = query.where(p.uid == file.project, v.sha256 == file.version, a.name == file.name, a.sha256 == file.sha256)
    row = session.execute(query).first()
    return Offered(*row) if row else None


def _find_of_form(session: Session, file: AwaitedFile) -> Offered | None:
    v, a, p = form_versions.c, form_attachments.c, projects.c
    joined = form_versions.join(projects, p.id == v.project_id)
    joined = joined.join(form_attachments, a.form_version_id == v.id)
    query = select(v.project_id, v.form_id, a.size).select_from(joined)
    query = query.where(p.uid == file.project, v.sha256 == file.version, a.name == file.name, a.sha256 == file.sha256)
    row = session.execute(query).first()
    return Offered(*row, None) if row else None
