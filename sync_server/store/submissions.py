"""Submission versions and their receipts: add what was received, find it again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import insert, or_, select, tuple_
from sqlalchemy.orm import Session

from sync_server.core.ids import BlobId, InstanceId, VersionId
from sync_server.store import changes
from sync_server.store.blocks import BlocksOutdated, newest_block
from sync_server.store.changes import Change
from sync_server.store.engine import insert_for
from sync_server.store.tables import forms, receipts, submission_attachments, submission_versions

PARAMETERS = 500  # values in one IN list; SQLite allows more, plans stay small


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """An attachment whose bytes are durable in the blob store already."""

    name: str
    sha256: BlobId
    size: int
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedVersion:
    """One upload as it came: the version, its files, and how it arrived."""

    project_id: int
    sha256: VersionId
    form_id: str
    form_version: str
    instance_id: InstanceId
    deprecated_id: InstanceId | None
    is_sealed: bool
    xml: bytes = field(repr=False)
    files: tuple[ReceivedFile, ...]
    receipt_id: str
    received_at: datetime
    door: str
    device_id: str | None
    actor_id: int | None
    is_revoked: bool
    held_for: str | None
    clock_offset_seconds: float | None
    redacted_sha256: str | None = None  # of `xml`, when a person was taken out of what came
    blocks_known: int = 0  # the newest block by which it was judged


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender may be told."""

    id: str
    version: VersionId
    instance_id: InstanceId
    is_new: bool
    form_state: str
    held_for: str | None = None
    is_erased: bool = False  # nothing of it was kept
    is_redacted: bool = False  # what was erased from it was not kept


def add_versions(session: Session, received: Sequence[ReceivedVersion]) -> list[Receipt]:
    """Store each version, or recognise it as a resend and add what is new; one receipt for every upload.

    Takes a whole batch, because five statements for sixty uploads cost as much as five for one. Rows are written in
    order of sha256, so that two processes storing the same uploads cannot lock each other out. Raises BlocksOutdated
    when something was erased since an upload was judged.
    """
    _require_blocks_known(session, received)
    by_content = {(r.project_id, r.sha256): r for r in received}
    new = _insert_versions(session, [by_content[key] for key in sorted(by_content)])
    ids = {**_version_ids(session, by_content.keys() - new.keys()), **new}
    states = {(project_id, form_id): state for project_id, form_id, state in session.execute(_FORM_STATES)}
    happened: list[Change] = []
    results = []
    for upload in received:
        key = (upload.project_id, upload.sha256)
        is_new = new.pop(key, None) is not None
        if is_new:
            happened.append(Change("submission_version", upload.instance_id, upload.sha256))
        state = states.get((upload.project_id, upload.form_id), "unknown")
        results.append(Receipt(upload.receipt_id, upload.sha256, upload.instance_id, is_new, state, upload.held_for))
    happened += _insert_files(session, received, ids)
    _insert_receipts(session, received, results, ids)
    happened += [Change("receipt", r.instance_id, r.id) for r in results]
    # What belongs to one upload stands together in the feed, so that a consumer's slice sees it once.
    place = {r.instance_id: number for number, r in enumerate(results)}
    changes.append(session, sorted(happened, key=lambda change: place[InstanceId(change.key)]))
    if session.get_bind().dialect.name != "sqlite":  # whoever erased meanwhile held the feed, and has committed
        _require_blocks_known(session, received)
    return results


def _require_blocks_known(session: Session, received: Sequence[ReceivedVersion]) -> None:
    newest = newest_block(session)
    if any(upload.blocks_known < newest for upload in received):
        raise BlocksOutdated


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version as it lies in the store."""

    row_id: int
    project_id: int
    sha256: VersionId
    form_id: str
    form_version: str
    instance_id: InstanceId
    deprecated_id: InstanceId | None
    is_sealed: bool
    xml: bytes = field(repr=False)
    redacted_sha256: str | None = None


_STORED = tuple(
    submission_versions.c[name]
    for name in (
        "id",
        "project_id",
        "sha256",
        "form_id",
        "form_version",
        "instance_id",
        "deprecated_id",
        "is_sealed",
        "xml",
        "redacted_sha256",
    )
)


def find_connected_versions(session: Session, instance_ids: Iterable[str]) -> list[StoredVersion]:
    """Load every version joined to these instances by instanceID or deprecatedID, over any number of steps."""
    found: dict[int, StoredVersion] = {}
    asked: set[str] = set()
    to_ask = set(instance_ids)
    while to_ask:
        asked |= to_ask
        for row in _touching(session, sorted(to_ask)):
            found[row.row_id] = row
        named = (name for v in found.values() for name in (v.instance_id, v.deprecated_id) if name)
        to_ask = {str(name) for name in named} - asked
    return list(found.values())


def iter_versions(session: Session, after: int, *, limit: int = 500) -> list[StoredVersion]:
    """List versions by row, from `after` on: for verify, rebuild and digest, which see everything."""
    query = select(*_STORED).where(submission_versions.c.id > after).order_by(submission_versions.c.id).limit(limit)
    return [StoredVersion(*row) for row in session.execute(query)]


def get_xml(session: Session, project_id: int, sha256: str) -> bytes | None:
    t = submission_versions.c
    return session.scalar(select(t.xml).where(t.project_id == project_id, t.sha256 == sha256))


def is_stored(session: Session, project_id: int, sha256: str) -> bool:
    """Tell whether the very same bytes were received for a project before."""
    t = submission_versions.c
    return session.scalar(select(t.id).where(t.project_id == project_id, t.sha256 == sha256)) is not None


def _touching(session: Session, ids: Sequence[str]) -> Iterable[StoredVersion]:
    t = submission_versions.c
    for start in range(0, len(ids), PARAMETERS):
        part = ids[start : start + PARAMETERS]
        query = select(*_STORED).where(or_(t.instance_id.in_(part), t.deprecated_id.in_(part)))
        for row in session.execute(query):
            yield StoredVersion(*row)


def _insert_versions(session: Session, uploads: Sequence[ReceivedVersion]) -> dict[tuple[int, str], int]:
    """Insert the versions not here yet; return the row ids of those, by (project, sha256)."""
    rows = [_version_row(upload) for upload in uploads]
    inserted = session.execute(_insert_version(insert_for(session)), rows)
    return {(project_id, sha256): row_id for project_id, sha256, row_id in inserted}


# Statements of the hot path are made once: building them anew cost a batch of one a third of its time.


@cache
def _insert_version(insert_into: Any) -> Any:
    t = submission_versions.c
    return insert_into(submission_versions).on_conflict_do_nothing().returning(t.project_id, t.sha256, t.id)


_INSERT_RECEIPT = insert(receipts)
_FORM_STATES = select(forms.c.project_id, forms.c.form_id, forms.c.state)


def _version_row(upload: ReceivedVersion) -> dict[str, Any]:
    return {
        "project_id": upload.project_id,
        "sha256": upload.sha256,
        "form_id": upload.form_id,
        "form_version": upload.form_version,
        "instance_id": upload.instance_id,
        "deprecated_id": upload.deprecated_id,
        "is_sealed": upload.is_sealed,
        "xml": upload.xml,
        "redacted_sha256": upload.redacted_sha256,
    }


def _version_ids(session: Session, keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], int]:
    wanted = sorted(keys)
    if not wanted:
        return {}
    t = submission_versions.c
    query = select(t.project_id, t.sha256, t.id).where(tuple_(t.project_id, t.sha256).in_(wanted))
    return {(project_id, sha256): row_id for project_id, sha256, row_id in session.execute(query)}


def _insert_files(
    session: Session, received: Sequence[ReceivedVersion], ids: dict[tuple[int, str], int]
) -> list[Change]:
    rows: dict[tuple[int, str, str], tuple[dict[str, Any], str]] = {}
    for upload in received:
        version_id = ids[(upload.project_id, upload.sha256)]
        for file in upload.files:
            row = {
                "version_id": version_id,
                "name": file.name,
                "sha256": file.sha256,
                "size": file.size,
                "type": file.type,
            }
            rows[(version_id, file.name, file.sha256)] = row, upload.instance_id
    if not rows:
        return []
    t = submission_attachments.c
    statement = insert_for(session)(submission_attachments).on_conflict_do_nothing()
    inserted = session.execute(
        statement.returning(t.version_id, t.name, t.sha256), [rows[key][0] for key in sorted(rows)]
    )
    return [Change("attachment", rows[tuple(key)][1], key[2]) for key in inserted.all()]


def _insert_receipts(
    session: Session, received: Sequence[ReceivedVersion], results: Sequence[Receipt], ids: dict[tuple[int, str], int]
) -> None:
    session.execute(
        _INSERT_RECEIPT,
        [
            {
                "id": upload.receipt_id,
                "version_id": ids[(upload.project_id, upload.sha256)],
                "received_at": upload.received_at,
                "door": upload.door,
                "device_id": upload.device_id,
                "actor_id": upload.actor_id,
                "form_state": result.form_state,
                "is_revoked": upload.is_revoked,
                "held_for": upload.held_for,
                "clock_offset_seconds": upload.clock_offset_seconds,
                "is_new": result.is_new,
            }
            for upload, result in zip(received, results, strict=True)
        ],
    )
