"""What a peer has not been told yet: submission versions and decisions after a change of our feed."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, func, select, union_all
from sqlalchemy.orm import Session

from sync_server.core.entity_decision import KIND
from sync_server.core.entity_root import root_of
from sync_server.store.tables import changes, decisions, submission_versions

_c, _v, _d = changes.c, submission_versions.c, decisions.c


def count_waiting(session: Session, after: int, *, projects: Iterable[int], not_from: Iterable[str]) -> int:
    """Count those of some projects; what one of the nodes `not_from` sent here is left out."""
    waiting = _waiting(after, list(projects), list(not_from)).subquery()
    return session.scalar(select(func.count()).select_from(waiting)) or 0


def list_waiting(
    session: Session, after: int, *, projects: Iterable[int], not_from: Iterable[str], limit: int
) -> list[tuple[int, str, str]]:
    """List what they are about, oldest first, one for each: submissions by any instance, entities by their root."""
    waiting = _waiting(after, list(projects), list(not_from)).subquery()
    columns = (waiting.c.kind, waiting.c.project_id, waiting.c.form_id, waiting.c.instance)
    rows = session.execute(select(*columns).order_by(waiting.c.seq).limit(limit))
    return [root_of((row[1], row[2], row[3])) if row[0] == KIND else (row[1], row[2], row[3]) for row in rows]


def _waiting(after: int, projects: list[int], not_from: list[str]) -> Any:
    versions = select(_c.seq, _c.kind, _v.project_id, _v.form_id, _v.instance_id.label("instance"))
    versions = versions.join_from(changes, submission_versions, _v.sha256 == _c.version)
    decided = select(_c.seq, _c.kind, _d.project_id, _d.form_id, _d.subject.label("instance"))
    decided = decided.join_from(changes, decisions, _d.id == _c.version)
    return union_all(
        _of(versions, "submission_version", _v.project_id.in_(projects), after, not_from),
        *(_of(decided, kind, _d.project_id.in_(projects), after, not_from) for kind in ("decision", KIND)),
    )


def _of(query: Select[Any], kind: str, is_of_project: Any, after: int, not_from: list[str]) -> Select[Any]:
    return query.where(_c.kind == kind, _c.seq > after, _c.node.not_in(not_from), is_of_project)
