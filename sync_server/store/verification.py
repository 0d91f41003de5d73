"""Reads for `verify`: everything that must agree with something else, in pages, in a fixed order."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, exists, func, select, text
from sqlalchemy.orm import Session

from sync_server.store.tables import (
    changes,
    entities,
    entity_lists,
    form_attachments,
    form_versions,
    receipts,
    submission_attachments,
    submission_versions,
    unreadable_uploads,
)

PAGE = 500


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A row that promises a blob."""

    owner: str
    name: str
    sha256: str
    size: int


def check_engine(session: Session) -> list[str]:
    """Ask SQLite to check its own file; PostgreSQL checks its pages as it reads them."""
    if session.get_bind().dialect.name != "sqlite":
        return []
    found = [row[0] for row in session.execute(text("PRAGMA integrity_check(20)"))]
    return [line for line in found if line != "ok"]


def iter_form_versions(session: Session) -> Iterator[tuple[str, str, str, bytes]]:
    """Each form version as (form and version, sha256, md5, XML)."""
    t = form_versions.c
    for row in session.execute(select(t.form_id, t.version, t.sha256, t.md5, t.xml).order_by(t.id)):
        yield f"{row[0]} {row[1]}", row[2], row[3], row[4]


def iter_promised_files(session: Session) -> Iterator[StoredFile]:
    """Every row that names a blob: attachments, media of forms, uploads kept for rescue."""
    s, v, f, w, u = (
        submission_attachments.c,
        submission_versions.c,
        form_attachments.c,
        form_versions.c,
        unreadable_uploads.c,
    )
    yield from _files(
        session,
        select(v.instance_id, s.name, s.sha256, s.size)
        .join_from(submission_attachments, submission_versions)
        .order_by(s.version_id, s.name, s.sha256),
    )
    yield from _files(
        session,
        select(w.form_id, f.name, f.sha256, f.size)
        .join_from(form_attachments, form_versions)
        .order_by(f.form_version_id, f.name),
    )
    yield from _files(session, select(u.door, u.reason, u.sha256, u.size).order_by(u.sha256))


def find_without_receipt(session: Session) -> list[str]:
    """Versions that nothing says were received."""
    has_receipt = exists().where(receipts.c.version_id == submission_versions.c.id)
    return list(session.scalars(select(submission_versions.c.sha256).where(~has_receipt).limit(PAGE)))


def find_without_change(session: Session) -> list[str]:
    """Versions that the feed does not know, so that no consumer and no peer would ever see them."""
    known = select(changes.c.version).where(changes.c.kind == "submission_version")
    return list(session.scalars(select(submission_versions.c.sha256).except_(known).limit(PAGE)))


def count_feed_gaps(session: Session) -> int:
    """How many numbers are missing in the feed: it is numbered without gaps, so any is a loss."""
    newest, count = session.execute(select(func.coalesce(func.max(changes.c.seq), 0), func.count())).one()
    return int(newest) - int(count)


def iter_entity_lists(session: Session) -> list[Row[Any]]:
    """Every entity list, with what tablets compare."""
    t = entity_lists.c
    return list(session.execute(select(t.project_id, t.name, t.digest, t.served).order_by(t.project_id, t.name)))


def iter_fingerprints(session: Session, project_id: int, name: str) -> Iterator[str]:
    """The fingerprints of the rows of a list that tablets get."""
    t = entities.c
    query = select(t.fingerprint).where(t.project_id == project_id, t.list_name == name, t.is_served)
    yield from session.scalars(query, execution_options={"yield_per": PAGE})


def _files(session: Session, query: object) -> Iterator[StoredFile]:
    for row in session.execute(query, execution_options={"yield_per": PAGE}):  # type: ignore[call-overload]
        yield StoredFile(*row)
