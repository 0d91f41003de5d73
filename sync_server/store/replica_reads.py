"""Read what goes to another node: for a slice of the feed the names of its items, and items by name, many at a time.

Names are those of docs/replication.md, without their kind: of a version (project, sha256), of a file (project, version,
file's sha256, file's name), of a receipt or decision its id.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from sync_server.store.tables import (
    decision_seals,
    decisions,
    erased_versions,
    receipts,
    submission_attachments,
    submission_versions,
)

T = TypeVar("T")
_v, _r, _a, _d, _s = submission_versions.c, receipts.c, submission_attachments.c, decisions.c, decision_seals.c
PART = 500


@dataclass(frozen=True, slots=True)
class Named:
    """One thing that a change is about: of which submission, and how it is named. `node` made it; None: this one."""

    project_id: int
    form_id: str
    instance_id: str
    parts: tuple[str, ...]
    node: str | None = None
    has_erased: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaVersion:
    project_id: int
    sha256: str
    form_id: str
    instance_id: str
    xml: bytes = field(repr=False)
    redacted_sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaReceipt:
    project_id: int
    sha256: str
    form_id: str
    instance_id: str
    id: str
    received_at: datetime
    door: str
    device_id: str | None
    actor_id: int | None
    form_state: str
    is_revoked: bool
    held_for: str | None
    clock_offset_seconds: float | None
    is_new: bool
    node: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaFile:
    project_id: int
    version: str
    form_id: str
    instance_id: str
    name: str
    sha256: str
    size: int
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaDecision:
    """A decision with its seal; None where this node made it and seals it when it is sent."""

    project_id: int
    id: str
    kind: str
    form_id: str
    subject: str
    parents: tuple[str, ...]
    body: Mapping[str, Any]
    reason: str
    author_id: int | None
    decided_at: datetime
    node: str
    salt: bytes | None
    words_sha256: str | None
    signature: bytes | None


def name_versions(session: Session, sha256s: Iterable[str]) -> list[Named]:
    """Name the versions with this content, in every project that has them."""
    columns = (_v.project_id, _v.form_id, _v.instance_id, _v.sha256, _v.redacted_sha256)
    return [
        Named(project_id, form_id, instance_id, (sha256,), has_erased=redacted is not None)
        for part in _parts(sha256s)
        for project_id, form_id, instance_id, sha256, redacted in session.execute(
            select(*columns).where(_v.sha256.in_(part))
        )
    ]


def name_receipts(session: Session, ids: Iterable[str]) -> list[Named]:
    query = select(_v.project_id, _v.form_id, _v.instance_id, _r.id, _r.node).join_from(receipts, submission_versions)
    return [
        Named(project_id, form_id, instance_id, (id,), node)
        for part in _parts(ids)
        for project_id, form_id, instance_id, id, node in session.execute(query.where(_r.id.in_(part)))
    ]


def name_files(session: Session, files: Iterable[tuple[str, str]]) -> list[Named]:
    """Name the files given as (instance, sha256)."""
    wanted = set(files)
    query = select(_v.project_id, _v.form_id, _v.instance_id, _v.sha256, _a.sha256, _a.name)
    query = query.join_from(submission_attachments, submission_versions)
    return [
        Named(project_id, form_id, instance_id, (version, sha256, name))
        for part in _parts({instance for instance, _ in wanted})
        for project_id, form_id, instance_id, version, sha256, name in session.execute(
            query.where(_v.instance_id.in_(part))
        )
        if (instance_id, sha256) in wanted
    ]


def name_decisions(session: Session, ids: Iterable[str]) -> list[tuple[Named, str]]:
    """Name decisions, each with its kind; what it is about stands in place of the instance."""
    columns = (_d.project_id, _d.form_id, _d.subject, _d.id, _d.node, _d.kind)
    return [
        (Named(project_id, form_id, subject, (id,), node), kind)
        for part in _parts(ids)
        for project_id, form_id, subject, id, node, kind in session.execute(select(*columns).where(_d.id.in_(part)))
    ]


def find_erasures_of(session: Session, versions: Iterable[tuple[int, str]]) -> list[str]:
    """List the decisions that took a person out of these versions, given as (project, sha256)."""
    t, wanted = erased_versions.c, set(versions)
    found: list[str] = []
    for part in _parts({sha256 for _, sha256 in wanted}):
        query = select(t.project_id, t.sha256, t.decision_id).where(t.sha256.in_(part)).order_by(t.decision_id)
        found += [id for project_id, sha256, id in session.execute(query) if (project_id, sha256) in wanted]
    return list(dict.fromkeys(found))


def load_versions(session: Session, names: Iterable[tuple[int, str]]) -> dict[tuple[int, str], ReplicaVersion]:
    """Load versions by (project, sha256)."""
    fields = tuple(ReplicaVersion.__dataclass_fields__)
    query = select(*(_v[name] for name in fields))
    found = (
        _make(ReplicaVersion, fields, row)
        for part in _parts(names)
        for row in session.execute(query.where(tuple_(_v.project_id, _v.sha256).in_(part)))
    )
    return {(version.project_id, version.sha256): version for version in found}


def load_receipts(session: Session, ids: Iterable[str]) -> dict[str, ReplicaReceipt]:
    own = ("project_id", "sha256", "form_id", "instance_id")
    fields = tuple(ReplicaReceipt.__dataclass_fields__)
    query = select(*(_v[name] if name in own else _r[name] for name in fields))
    query = query.join_from(receipts, submission_versions)
    return {
        receipt.id: receipt
        for part in _parts(ids)
        for row in session.execute(query.where(_r.id.in_(part)))
        if (receipt := _make(ReplicaReceipt, fields, row))
    }


def load_files(session: Session, names: Iterable[tuple[int, str, str, str]]) -> list[ReplicaFile]:
    """Load files' rows by (project, version, file's sha256, file's name)."""
    wanted = set(names)
    columns = (_v.project_id, _v.sha256, _v.form_id, _v.instance_id, _a.name, _a.sha256, _a.size, _a.type)
    query = select(*columns).join_from(submission_attachments, submission_versions)
    fields = tuple(ReplicaFile.__dataclass_fields__)
    found = (
        _make(ReplicaFile, fields, row)
        for part in _parts({version for _, version, _, _ in wanted})
        for row in session.execute(query.where(_v.sha256.in_(part)))
    )
    return [file for file in found if (file.project_id, file.version, file.sha256, file.name) in wanted]


def load_decisions(session: Session, ids: Iterable[str]) -> dict[str, ReplicaDecision]:
    fields = tuple(ReplicaDecision.__dataclass_fields__)
    sealed = ("salt", "words_sha256", "signature")
    query = select(*(_s[name] if name in sealed else _d[name] for name in fields))
    query = query.select_from(decisions.outerjoin(decision_seals, _s.decision_id == _d.id))
    found: dict[str, ReplicaDecision] = {}
    for part in _parts(ids):
        for row in session.execute(query.where(_d.id.in_(part))):
            values = dict(zip(fields, row, strict=True))
            found[values["id"]] = ReplicaDecision(**{**values, "parents": tuple(values["parents"])})
    return found


def _make(kind: type[T], fields: Sequence[str], row: Any) -> T:
    return kind(**dict(zip(fields, row, strict=True)))


def _parts(wanted: Iterable[T], size: int = PART) -> Iterator[list[T]]:
    ordered = sorted(set(wanted))  # type: ignore[type-var]
    return (ordered[start : start + size] for start in range(0, len(ordered), size))
