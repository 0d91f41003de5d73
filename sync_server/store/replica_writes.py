"""Write what came from another node: ids, nodes and times as they were there. What it tells the feed, the taker says.

Every row has a name of its own, so taking it twice changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from sync_server.store.decisions import StoredDecision
from sync_server.store.engine import insert_for
from sync_server.store.submissions import ReceivedFile
from sync_server.store.tables import (
    decision_seals,
    decisions,
    erased_versions,
    known_nodes,
    peers,
    receipts,
    submission_attachments,
    submission_versions,
)

_v, _r, _a, _d = submission_versions.c, receipts.c, submission_attachments.c, decisions.c


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """A version as it is stored. `sha256` is its id, that of the bytes as they were received."""

    project_id: int
    sha256: str
    form_id: str
    form_version: str
    instance_id: str
    deprecated_id: str | None
    is_sealed: bool
    xml: bytes = field(repr=False)
    redacted_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRow:
    id: str
    version_id: int
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
class SealRow:
    decision_id: str
    salt: bytes | None
    words_sha256: str
    signature: bytes


def put_versions(session: Session, rows: Sequence[VersionRow]) -> set[tuple[int, str]]:
    """Add the versions that are not here; return those, as (project, sha256)."""
    if not rows:
        return set()
    by_key = {(row.project_id, row.sha256): row for row in rows}
    statement = insert_for(session)(submission_versions).on_conflict_do_nothing()
    inserted = session.execute(
        statement.returning(_v.project_id, _v.sha256), [_values(by_key[key]) for key in sorted(by_key)]
    )
    return {(project_id, sha256) for project_id, sha256 in inserted}


@dataclass(frozen=True, slots=True)
class Known:
    """A version that is here: its row, and of which instance it is."""

    row_id: int
    form_id: str
    instance_id: str


def find_versions(session: Session, keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], Known]:
    """Find versions by (project, sha256)."""
    found: dict[tuple[int, str], Known] = {}
    for part in _parts(sorted(set(keys))):
        query = select(_v.project_id, _v.sha256, _v.id, _v.form_id, _v.instance_id)
        for project_id, sha256, *known in session.execute(query.where(tuple_(_v.project_id, _v.sha256).in_(part))):
            found[(project_id, sha256)] = Known(*known)
    return found


def put_receipts(session: Session, rows: Sequence[ReceiptRow]) -> set[str]:
    """Add the receipts that are not here; return their ids."""
    if not rows:
        return set()
    by_id = {row.id: row for row in rows}
    statement = insert_for(session)(receipts).on_conflict_do_nothing().returning(_r.id)
    return set(session.scalars(statement, [_values(by_id[id]) for id in sorted(by_id)]))


def find_file_rows(session: Session, row_ids: Iterable[int]) -> set[tuple[int, str, str]]:
    """List the files that are here of these versions, as (version's row, name, sha256)."""
    found: set[tuple[int, str, str]] = set()
    for part in _parts(sorted(set(row_ids))):
        query = select(_a.version_id, _a.name, _a.sha256).where(_a.version_id.in_(part))
        found |= {(row_id, name, sha256) for row_id, name, sha256 in session.execute(query)}
    return found


def put_file(session: Session, row_id: int, file: ReceivedFile) -> bool:
    """Add a file's row, whose bytes are here; False when it was there."""
    row = {"version_id": row_id, **_values(file)}
    statement = insert_for(session)(submission_attachments).values(row).on_conflict_do_nothing()
    return session.execute(statement.returning(_a.version_id)).first() is not None


def put_decision(session: Session, decision: StoredDecision, node: str, seal: SealRow | None) -> bool:
    """Add a decision that `node` made, with its seal; False when it was there."""
    row = {**_values(decision), "parents": sorted(decision.parents), "node": node}
    statement = insert_for(session)(decisions).values(row).on_conflict_do_nothing()
    if session.execute(statement.returning(_d.id)).first() is None:
        return False
    if seal is not None:
        session.execute(insert_for(session)(decision_seals).values(_values(seal)).on_conflict_do_nothing())
    return True


def find_known_decisions(session: Session, ids: Iterable[str]) -> set[str]:
    return {id for part in _parts(sorted(set(ids))) for id in session.scalars(select(_d.id).where(_d.id.in_(part)))}


def find_known_receipts(session: Session, ids: Iterable[str]) -> set[str]:
    return {id for part in _parts(sorted(set(ids))) for id in session.scalars(select(_r.id).where(_r.id.in_(part)))}


def find_erased_versions(session: Session, sha256s: Iterable[str]) -> set[tuple[int, str]]:
    """List which of these versions were erased whole, as (project, sha256)."""
    t, found = erased_versions.c, set()
    for part in _parts(sorted(set(sha256s))):
        query = select(t.project_id, t.sha256).where(t.sha256.in_(part), t.scope == "whole")
        found |= {(project_id, sha256) for project_id, sha256 in session.execute(query)}
    return found


def find_public_key(session: Session, node_id: str) -> bytes | None:
    """Return the key of a node: of a peer, or of one that a peer vouches for."""
    found = session.scalar(select(peers.c.public_key).where(peers.c.id == node_id))
    if found is None:
        found = session.scalar(select(known_nodes.c.public_key).where(known_nodes.c.id == node_id))
    return None if found is None else bytes(found)


def _values(row: Any) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


def _parts(wanted: Sequence[Any], size: int = 400) -> Iterable[Sequence[Any]]:
    return (wanted[start : start + size] for start in range(0, len(wanted), size))
