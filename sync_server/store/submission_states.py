"""What each submission is now: the derived table of resolved states, and what resolving one needs to read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, cast, delete, or_, select, tuple_
from sqlalchemy.orm import Session

from sync_server.core.ids import InstanceId
from sync_server.core.submission_state import SubmissionState
from sync_server.store.engine import insert_for
from sync_server.store.tables import form_versions, receipts, submission_attachments, submissions


@dataclass(frozen=True, slots=True)
class Arrival:
    """One receipt, as far as it tells on the state: when, and whether a person must admit it first."""

    version_id: int
    receipt_id: str
    received_at: datetime
    form_state: str
    is_revoked: bool
    held_for: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedSubmission:
    """One row of `submissions`. `flags` are the reasons why a person should look: {"reason": …, …details}."""

    project_id: int
    form_id: str
    root_id: InstanceId
    form_version: str
    state: SubmissionState
    is_sealed: bool
    is_held: bool
    flags: tuple[dict[str, Any], ...]
    attachments_expected: int
    attachments_present: int
    first_received_at: datetime
    first_receipt_id: str


def find_arrivals(session: Session, version_ids: Sequence[int]) -> list[Arrival]:
    """Load the receipts of these versions, earliest first."""
    t = receipts.c
    columns = (t.version_id, t.id, t.received_at, t.form_state, t.is_revoked, t.held_for)
    found: list[Arrival] = []
    for part in _parts(version_ids):
        query = select(*columns).where(t.version_id.in_(part))
        found += [Arrival(*row) for row in session.execute(query)]
    return sorted(found, key=lambda arrival: (arrival.received_at, arrival.receipt_id))


def find_attachments(session: Session, version_ids: Sequence[int]) -> dict[int, set[tuple[str, str]]]:
    """Load (name, sha256) of the files that came with these versions."""
    t = submission_attachments.c
    found: dict[int, set[tuple[str, str]]] = {}
    for part in _parts(version_ids):
        for version_id, name, sha256 in session.execute(
            select(t.version_id, t.name, t.sha256).where(t.version_id.in_(part))
        ):
            found.setdefault(version_id, set()).add((name, sha256))
    return found


def put_states(
    session: Session, resolved: Sequence[ResolvedSubmission], *, gone: Iterable[tuple[int, str, str]]
) -> None:
    """Write the states, and remove those that turned out to belong to another submission.

    `gone` names (project, form, root) keys; keys that are also in `resolved` stay.
    """
    rows = {(r.project_id, r.form_id, str(r.root_id)): _row(r) for r in resolved}
    t = submissions.c
    for project_id, form_id, root_id in sorted(set(gone) - rows.keys()):
        session.execute(
            delete(submissions).where(t.project_id == project_id, t.form_id == form_id, t.root_id == root_id)
        )
    if rows:
        insert = insert_for(session)(submissions)
        updated = {name: insert.excluded[name] for name in next(iter(rows.values())) if name not in _KEY}
        session.execute(
            insert.on_conflict_do_update(index_elements=_KEY, set_=updated), [rows[key] for key in sorted(rows)]
        )


def find_of_unknown_version(session: Session, form_id: str, sha256: str) -> list[str]:
    """List the submissions of a form that came before their form version did, or were judged by another one that went
    by this one's name until a project's home put its own in its place."""
    t, v = submissions.c, form_versions.c
    named = select(v.project_id, v.version).where(v.form_id == form_id, v.sha256 == sha256)
    is_unknown = cast(t.flags, Text).like('%"unknown_%')
    is_of_it = tuple_(t.project_id, t.form_version).in_(named)
    return list(session.scalars(select(t.root_id).where(t.form_id == form_id, or_(is_unknown, is_of_it))))


_KEY = ("project_id", "form_id", "root_id")


def _row(resolved: ResolvedSubmission) -> dict[str, Any]:
    state = resolved.state
    return {
        "project_id": resolved.project_id,
        "form_id": resolved.form_id,
        "root_id": resolved.root_id,
        "current_version_id": state.current,
        "form_version": resolved.form_version,
        "state": state.to_json(),
        "has_conflict": bool(state.conflicts),
        "waits_for": state.waits_for,
        "is_sealed": resolved.is_sealed,
        "is_held": resolved.is_held,
        "flags": list(resolved.flags),
        "attachments_expected": resolved.attachments_expected,
        "attachments_present": resolved.attachments_present,
        "edits": state.edits,
        "review_state": state.review_state,
        "first_received_at": resolved.first_received_at,
        "first_receipt_id": resolved.first_receipt_id,
    }


def _parts(ids: Sequence[int], size: int = 500) -> Iterable[Sequence[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
