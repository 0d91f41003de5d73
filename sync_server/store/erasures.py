"""Erase received versions, and keep what stops them from coming back: blocks, and what is still to be cleared away.

What stays of an erased version is its sha256, its instanceID and when it was first received, so that a node can say of
it: received, then erased. Everything here runs inside the caller's transaction, under the feed's lock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from sync_server.core import entity_decision, list_settings
from sync_server.core.decision_seal import WORDS
from sync_server.store import awaited_files, version_marks
from sync_server.store.engine import insert_for
from sync_server.store.submissions import PARAMETERS, StoredVersion
from sync_server.store.tables import (
    changes,
    decision_seals,
    decisions,
    erased_instances,
    erased_versions,
    erasure_tasks,
    form_attachments,
    parked_changes,
    receipts,
    submission_attachments,
    submission_versions,
    submissions,
    unreadable_uploads,
)

T = TypeVar("T")
_STAY = ("erasure", entity_decision.KIND, list_settings.KIND)  # decided about something else, or that it was erased


@dataclass(frozen=True, slots=True)
class Task:
    """Something an erasure has still to clear away outside the database."""

    decision_id: str
    step: str
    key: str
    project_id: int


def add_blocks(
    session: Session, project_id: int, form_id: str, instance_ids: Iterable[str], *, decision_id: str, scope: str
) -> None:
    rows = [
        {"project_id": project_id, "form_id": form_id, "instance_id": name, "decision_id": decision_id, "scope": scope}
        for name in sorted(set(instance_ids))
    ]
    if rows:
        session.execute(insert_for(session)(erased_instances).on_conflict_do_nothing(), rows)


def find_instances(session: Session, decision_id: str) -> list[str]:
    """List the instances that a decision blocks."""
    t = erased_instances.c
    return list(session.scalars(select(t.instance_id).where(t.decision_id == decision_id).order_by(t.instance_id)))


def find_names(session: Session, instance_ids: Iterable[str]) -> set[tuple[int, str, str]]:
    """List which of these instances are blocked, as (project, form, instance)."""
    t = erased_instances.c
    found: set[tuple[int, str, str]] = set()
    for part in _parts(sorted(set(instance_ids))):
        query = select(t.project_id, t.form_id, t.instance_id).where(t.instance_id.in_(part))
        found |= {(project_id, form_id, name) for project_id, form_id, name in session.execute(query)}
    return found


def note_erased(session: Session, versions: Sequence[StoredVersion], *, decision_id: str, scope: str) -> None:
    """Keep of each version its id and when it was first received; call it before its receipts go."""
    first = _first_received(session, [version.row_id for version in versions])
    rows = [
        {
            "project_id": version.project_id,
            "sha256": version.sha256,
            "decision_id": decision_id,
            "form_id": version.form_id,
            "instance_id": version.instance_id,
            "scope": scope,
            "received_at": first.get(version.row_id),
        }
        for version in versions
    ]
    if rows:
        session.execute(insert_for(session)(erased_versions).on_conflict_do_nothing(), rows)


def find_erased(session: Session, decision_id: str) -> set[str]:
    """List the versions that a decision was applied to."""
    t = erased_versions.c
    return set(session.scalars(select(t.sha256).where(t.decision_id == decision_id)))


def delete_versions(session: Session, row_ids: Sequence[int]) -> int:
    """Delete versions with their files' rows, those still awaited too, and receipts; return how many receipts went."""
    gone = 0
    awaited_files.forget_versions(session, row_ids)
    for part in _parts(row_ids):
        gone += _deleted(session, delete(receipts).where(receipts.c.version_id.in_(part)))
        session.execute(delete(submission_attachments).where(submission_attachments.c.version_id.in_(part)))
        session.execute(delete(submission_versions).where(submission_versions.c.id.in_(part)))
        version_marks.delete_marks(session, part)  # after the versions: from here on none can be marked any more
    return gone


def delete_files(session: Session, row_ids: Sequence[int], names: Iterable[str]) -> None:
    """Delete the rows of these versions' files of those names, and await none of them any more."""
    t, wanted = submission_attachments.c, sorted(set(names))
    awaited_files.forget_versions(session, row_ids, wanted)
    for part in _parts(row_ids):
        for some in _parts(wanted):
            session.execute(delete(submission_attachments).where(t.version_id.in_(part), t.name.in_(some)))


def put_redacted(session: Session, row_id: int, xml: bytes, redacted_sha256: str) -> None:
    t = submission_versions
    session.execute(update(t).where(t.c.id == row_id).values(xml=xml, redacted_sha256=redacted_sha256))


def delete_state(session: Session, project_id: int, form_id: str, instance_ids: Iterable[str]) -> None:
    """Take out what was derived, at once; the consumers come to the same."""
    t, names = submissions.c, sorted(set(instance_ids))
    for part in _parts(names):
        of_form = (t.project_id == project_id, t.form_id == form_id, t.root_id.in_(part))
        session.execute(delete(submissions).where(*of_form))
        # What could not be handled is told with its reason, which may quote an answer.
        about = select(changes.c.seq).where(changes.c.key.in_(part))
        session.execute(delete(parked_changes).where(parked_changes.c.seq.in_(about)))


def forget_words(session: Session, project_id: int, form_id: str, subjects: Iterable[str]) -> None:
    """Blank what people wrote beside their decisions about these subjects: reasons and comments can name somebody."""
    t = decisions.c
    for part in _parts(sorted(set(subjects))):
        found = (t.project_id == project_id, t.form_id == form_id, t.subject.in_(part), t.kind.not_in(_STAY))
        blank_words(session, session.scalars(select(t.id).where(*found)).all())


def blank_words(session: Session, decision_ids: Sequence[str]) -> None:
    """Blank what people wrote in these decisions."""
    t = decisions.c
    for part in _parts(decision_ids):
        for id, body in session.execute(select(t.id, t.body).where(t.id.in_(part))).all():
            kept = {name: value for name, value in body.items() if name not in WORDS}
            session.execute(update(decisions).where(t.id == id).values(reason="", body=kept))
            # With the salt their words could still be guessed from the hash that another node signed.
            session.execute(update(decision_seals).where(decision_seals.c.decision_id == id).values(salt=None))


def delete_decisions(session: Session, project_id: int, form_id: str, subjects: Iterable[str]) -> None:
    """Delete what was decided about these subjects, but that they were erased: of what left this node's scope."""
    t, s = decisions.c, decision_seals.c
    for part in _parts(sorted(set(subjects))):
        of_subject = (t.project_id == project_id, t.form_id == form_id, t.subject.in_(part), t.kind.not_in(_STAY))
        ids = list(session.scalars(select(t.id).where(*of_subject)))
        session.execute(delete(decision_seals).where(s.decision_id.in_(ids)))
        session.execute(delete(decisions).where(t.id.in_(ids)))


def find_unreadable(session: Session, sha256: str) -> tuple[datetime, int] | None:
    """Find an upload that was set aside: when it came, and its size."""
    t = unreadable_uploads.c
    row = session.execute(select(t.received_at, t.size).where(t.sha256 == sha256)).first()
    return (row[0], row[1]) if row else None


def delete_unreadable(session: Session, sha256: str) -> None:
    session.execute(delete(unreadable_uploads).where(unreadable_uploads.c.sha256 == sha256))


def is_named(session: Session, blob_id: str) -> bool:
    """Whether any row still promises this blob."""
    return any(
        session.scalar(select(table.c.sha256).where(table.c.sha256 == blob_id).limit(1)) is not None
        for table in (submission_attachments, form_attachments, unreadable_uploads)
    )


def add_tasks(session: Session, tasks: Iterable[Task]) -> None:
    rows = [
        {"decision_id": t.decision_id, "step": t.step, "key": t.key, "project_id": t.project_id}
        for t in dict.fromkeys(tasks)
    ]
    if rows:
        session.execute(insert_for(session)(erasure_tasks).on_conflict_do_nothing(), rows)


def iter_tasks(session: Session) -> list[Task]:
    t = erasure_tasks.c
    query = select(t.decision_id, t.step, t.key, t.project_id).order_by(t.step, t.key, t.decision_id)
    return [Task(*row) for row in session.execute(query)]


def end_tasks(session: Session, tasks: Iterable[Task]) -> None:
    t = erasure_tasks.c
    for task in tasks:
        done = (t.decision_id == task.decision_id, t.step == task.step, t.key == task.key)
        session.execute(delete(erasure_tasks).where(*done))


def _first_received(session: Session, row_ids: Sequence[int]) -> dict[int, datetime]:
    t, found = receipts.c, {}
    for part in _parts(row_ids):
        query = select(t.version_id, func.min(t.received_at)).where(t.version_id.in_(part)).group_by(t.version_id)
        found.update(dict(tuple(row) for row in session.execute(query)))
    return found


def _deleted(session: Session, statement: Any) -> int:
    return int(session.execute(statement).rowcount)  # type: ignore[attr-defined]


def _parts(ids: Sequence[T]) -> Iterable[Sequence[T]]:
    return (ids[start : start + PARAMETERS] for start in range(0, len(ids), PARAMETERS))
