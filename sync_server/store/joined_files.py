"""Join files that came from a peer to the versions that await them: rows last, when the bytes are durable."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_server.store import awaited_files
from sync_server.store.awaited_files import SUBMISSION, Awaited
from sync_server.store.changes import Change
from sync_server.store.engine import insert_for
from sync_server.store.tables import (
    form_attachments,
    form_versions,
    submission_attachments,
    submission_versions,
)


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A file that came whole, and whose bytes are in the blob store: what they are, not what was said of them."""

    sha256: str
    md5: str
    size: int


@dataclass(frozen=True, slots=True)
class Joined:
    """What became of it: changes for the feed, and the form versions that have a file more."""

    happened: list[Change]
    form_versions: list[int]
    is_awaited: bool  # whether anything waited for it still


def join_file(session: Session, peer_id: str, file: WholeFile) -> Joined:
    """Give a file to every version for which this peer announced it; append the changes to the feed yourself."""
    happened: list[Change] = []
    forms: list[int] = []
    waiting = awaited_files.find_awaited(session, file.sha256, peer_id)
    for awaited in waiting:
        change = _join_submission(session, awaited, file) if awaited.owner == SUBMISSION else None
        if awaited.owner != SUBMISSION:
            change = _join_form(session, awaited, file)
            forms.append(awaited.version_id)
        happened += [change] if change else []
        awaited_files.end_awaited(
            session, owner=awaited.owner, version_id=awaited.version_id, name=awaited.name, sha256=file.sha256
        )
    return Joined(happened, forms, bool(waiting))


def _join_submission(session: Session, awaited: Awaited, file: WholeFile) -> Change | None:
    t = submission_versions.c
    instance_id = session.scalar(select(t.instance_id).where(t.id == awaited.version_id))
    if instance_id is None:
        return None
    row = {"version_id": awaited.version_id, "name": awaited.name, "sha256": file.sha256, "size": file.size}
    statement = insert_for(session)(submission_attachments).values(**row, type=awaited.type).on_conflict_do_nothing()
    is_new = session.execute(statement.returning(submission_attachments.c.name)).first() is not None
    return Change("attachment", instance_id, file.sha256) if is_new else None


def _join_form(session: Session, awaited: Awaited, file: WholeFile) -> Change | None:
    t = form_versions.c
    found = session.execute(select(t.form_id, t.published_at).where(t.id == awaited.version_id)).first()
    if found is None:
        return None
    row: dict[str, Any] = {"sha256": file.sha256, "md5": file.md5, "size": file.size, "type": awaited.type}
    row["updated_at"] = awaited.updated_at or found.published_at
    statement = insert_for(session)(form_attachments)
    statement = statement.values(form_version_id=awaited.version_id, name=awaited.name, **row)
    session.execute(statement.on_conflict_do_update(index_elements=("form_version_id", "name"), set_=row))
    return Change("form_attachment", found.form_id, file.sha256)
