"""Keys that forms are sealed with: a project's own, and those that forms brought along.

Of a project's own the private half is here too, sealed by a passphrase that is nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from sync_server.store import changes
from sync_server.store.changes import Change
from sync_server.store.tables import project_keys, submissions

_t = project_keys.c


@dataclass(frozen=True, slots=True)
class ProjectKey:
    """`private_sealed` is empty for a key whose private half somebody else has."""

    id: int
    project_id: int
    public_key: str
    private_sealed: Mapping[str, str] = field(repr=False)
    hint: str | None
    created_at: datetime

    @property
    def is_managed(self) -> bool:
        return bool(self.private_sealed)


_COLUMNS = tuple(_t[name] for name in ProjectKey.__dataclass_fields__)


def add_key(
    session: Session, project_id: int, public_key: str, *, private_sealed: Mapping[str, str], hint: str | None,
    now: datetime, by: int | None,
) -> ProjectKey:  # fmt: skip
    row = {"project_id": project_id, "public_key": public_key, "private_sealed": dict(private_sealed), "hint": hint}
    statement = insert(project_keys).values({**row, "created_at": now, "created_by": by}).returning(_t.id)
    key_id: int = session.execute(statement).scalar_one()
    changes.append(session, [Change("project_key", f"project:{project_id}", str(key_id))])
    return get_key(session, key_id)


def get_key(session: Session, key_id: int) -> ProjectKey:
    return _to_key(session.execute(select(*_COLUMNS).where(_t.id == key_id)).one())


def iter_keys(session: Session, project_id: int) -> list[ProjectKey]:
    """List a project's keys, the newest first."""
    query = select(*_COLUMNS).where(_t.project_id == project_id).order_by(_t.id.desc())
    return [_to_key(row) for row in session.execute(query)]


def find_sealed_versions(session: Session, project_id: int, form_id: str) -> list[str]:
    """Name the versions of a form of which there are sealed submissions."""
    t = submissions.c
    query = select(t.form_version).where(t.project_id == project_id, t.form_id == form_id, t.is_sealed.is_(True))
    return list(session.scalars(query.distinct().order_by(t.form_version)))


def _to_key(row: Any) -> ProjectKey:
    return ProjectKey(*row)
