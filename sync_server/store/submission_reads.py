"""Read resolved submissions in bulk: what an export needs of each, in memory that does not grow with their number.

Only ids are sorted and streamed; the rest is read for a few hundred at a time, because a database that sorts rows
with their XML writes all of it to its temporary files first.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sync_server.core.ids import VersionId
from sync_server.core.submission_state import SubmissionState
from sync_server.store.tables import actors, receipts, submission_attachments, submission_versions, submissions

AT_A_TIME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSubmission:
    """A resolved submission with what an export shows of it.

    `form_version` is the original's, `review_state` Central's (None = received), `xml` has the bytes of every version
    its document is made of, and `file_sizes` the length of every file by sha256.
    """

    root_id: str
    state: SubmissionState
    form_version: str
    is_sealed: bool
    flags: tuple[dict[str, Any], ...]
    attachments_expected: int
    attachments_present: int
    review_state: str | None
    first_received_at: datetime
    device_id: str | None
    submitter_id: int | None
    submitter_name: str | None
    xml: dict[VersionId, bytes] = field(repr=False)
    file_sizes: dict[str, int] = field(repr=False)

    @property
    def reasons(self) -> frozenset[str]:
        """Why a person should look at it."""
        return frozenset(flag["reason"] for flag in self.flags)


def iter_submissions(session: Session, project_id: int, form_id: str) -> Iterator[StoredSubmission]:
    """Stream the submissions of a form that nobody has to admit first, newest first as ODK Central does.

    The order is that of the earliest receipt and then of the ids, so a rebuilt node streams the same.
    """
    t = submissions.c
    query = select(t.id).where(t.project_id == project_id, t.form_id == form_id, t.is_held.is_(False))
    ordered = query.order_by(t.first_received_at.desc(), t.root_id.desc())
    for partition in session.scalars(ordered, execution_options={"yield_per": AT_A_TIME}).partitions():
        yield from _load(session, project_id, partition)


def load_shown(session: Session, project_id: int, form_id: str, roots: Sequence[str]) -> Iterator[StoredSubmission]:
    """Load those of these submissions that are there and that nobody has to admit first, in the order given."""
    t = submissions.c
    for start in range(0, len(roots), AT_A_TIME):
        part = roots[start : start + AT_A_TIME]
        query = select(t.root_id, t.id).where(t.project_id == project_id, t.form_id == form_id, t.root_id.in_(part))
        ids = {row.root_id: row.id for row in session.execute(query.where(t.is_held.is_(False)))}
        yield from _load(session, project_id, [ids[root_id] for root_id in part if root_id in ids])


def find_keys(session: Session, project_id: int, form_id: str, roots: Iterable[str]) -> list[tuple[datetime, str]]:
    """Find when each of these submissions first came, of those that are there and admitted."""
    t = submissions.c
    found: list[tuple[datetime, str]] = []
    for part in _parts(roots):
        query = select(t.first_received_at, t.root_id).where(t.project_id == project_id, t.form_id == form_id)
        rows = session.execute(query.where(t.root_id.in_(part), t.is_held.is_(False)))
        found += [(received, root_id) for received, root_id in rows]
    return found


def find_versions(session: Session, project_id: int, form_id: str, roots: Iterable[str]) -> list[tuple[str, str, int]]:
    """Find of each of these submissions, of those that are there and admitted, its form version and number of edits."""
    t = submissions.c
    found: list[tuple[str, str, int]] = []
    for part in _parts(roots):
        query = select(t.root_id, t.form_version, t.edits).where(t.project_id == project_id, t.form_id == form_id)
        rows = session.execute(query.where(t.root_id.in_(part), t.is_held.is_(False)))
        found += [(root_id, form_version, edits) for root_id, form_version, edits in rows]
    return found


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When a version first and last came, and as which instance."""

    instance_id: str
    first: datetime
    last: datetime


def find_arrivals(session: Session, project_id: int, versions: Iterable[VersionId]) -> dict[VersionId, Arrivals]:
    """Sum up the receipts of versions."""
    v, r = submission_versions.c, receipts.c
    times = (func.min(r.received_at), func.max(r.received_at))
    joined = submission_versions.join(receipts, r.version_id == v.id)
    found: dict[VersionId, Arrivals] = {}
    for part in _parts(versions):
        query = select(v.sha256, v.instance_id, *times).select_from(joined)
        rows = session.execute(query.where(v.project_id == project_id, v.sha256.in_(part)).group_by(v.id))
        found.update((VersionId(sha256), Arrivals(*rest)) for sha256, *rest in rows)
    return found


def count_held(session: Session, project_id: int, form_id: str) -> Counter[str]:
    """Count the submissions of a form that a person has to admit first, by reason."""
    t = submissions.c
    query = select(t.flags).where(t.project_id == project_id, t.form_id == form_id, t.is_held)
    counts: Counter[str] = Counter()
    for flags in session.scalars(query, execution_options={"yield_per": AT_A_TIME}):
        counts[min(flag["reason"] for flag in flags if flag["reason"] in HELD_REASONS)] += 1
    return counts


HELD_REASONS = frozenset(("form_closed", "token_revoked", "not_assigned", "link_used"))


def has_submissions(session: Session, project_id: int, form_id: str) -> bool:
    t = submissions.c
    return session.scalar(select(t.id).where(t.project_id == project_id, t.form_id == form_id).limit(1)) is not None


def _load(session: Session, project_id: int, ids: Sequence[int]) -> list[StoredSubmission]:
    t, r = submissions.c, receipts.c
    columns = (t.root_id, t.state, t.form_version, t.is_sealed, t.flags, t.attachments_expected, t.attachments_present)
    arrival = (t.review_state, t.first_received_at, r.device_id, r.actor_id, actors.c.display_name)
    joined = submissions.outerjoin(receipts, r.id == t.first_receipt_id).outerjoin(actors, actors.c.id == r.actor_id)
    rows = session.execute(select(t.id, *columns, *arrival).select_from(joined).where(t.id.in_(ids))).all()
    states = {row.id: SubmissionState.from_json(row.state) for row in rows}
    shown = {version for state in states.values() for version in (state.current, *state.sources.values())}
    xml = find_xml(session, project_id, shown)
    edited = [state for state in states.values() if len(state.versions) > 1]
    originals = _original_versions(session, project_id, edited)
    sizes = _file_sizes(session, project_id, {v for s in states.values() if s.attachments for v in s.versions})
    found = {
        row.id: StoredSubmission(
            root_id=row.root_id,
            state=(state := states[row.id]),
            form_version=originals.get(row.root_id, row.form_version),
            is_sealed=row.is_sealed,
            flags=tuple(row.flags),
            attachments_expected=row.attachments_expected,
            attachments_present=row.attachments_present,
            review_state=row.review_state,
            first_received_at=row.first_received_at,
            device_id=row.device_id,
            submitter_id=row.actor_id,
            submitter_name=row.display_name,
            xml={v: xml[v] for v in (state.current, *state.sources.values())},
            file_sizes={sha256: sizes[sha256] for sha256 in state.attachments.values()},
        )
        for row in rows
    }
    return [found[id] for id in ids]


def find_xml(session: Session, project_id: int, wanted: Iterable[VersionId]) -> dict[VersionId, bytes]:
    """Load the bytes of these versions."""
    t = submission_versions.c
    found: dict[VersionId, bytes] = {}
    for part in _parts(wanted):
        query = select(t.sha256, t.xml).where(t.project_id == project_id, t.sha256.in_(part))
        found.update((VersionId(sha256), bytes(xml)) for sha256, xml in session.execute(query))
    return found


def _original_versions(session: Session, project_id: int, edited: Iterable[SubmissionState]) -> dict[str, str]:
    """Find with which form version each edited submission was made first: Central's FormVersion."""
    t = submission_versions.c
    roots = {version: str(state.root_id) for state in edited for version in state.versions}
    found: dict[str, str] = {}
    for part in _parts(roots):
        query = select(t.sha256, t.instance_id, t.form_version).where(t.project_id == project_id, t.sha256.in_(part))
        for sha256, instance_id, form_version in session.execute(query.order_by(t.sha256)):
            if instance_id == roots[sha256]:
                found[instance_id] = form_version
    return found


def _file_sizes(session: Session, project_id: int, versions: Iterable[VersionId]) -> dict[str, int]:
    v, a = submission_versions.c, submission_attachments.c
    found: dict[str, int] = {}
    for part in _parts(versions):
        query = select(a.sha256, a.size).join_from(submission_attachments, submission_versions, a.version_id == v.id)
        rows = session.execute(query.where(v.project_id == project_id, v.sha256.in_(part)))
        found.update((sha256, size) for sha256, size in rows)
    return found


def _parts(wanted: Iterable[str], size: int = 500) -> Iterator[list[str]]:
    ordered = sorted(set(wanted))
    return (ordered[start : start + size] for start in range(0, len(ordered), size))
