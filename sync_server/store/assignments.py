"""Who has which role where: the grants of core/scope, as rows.

One row for each actor, role and place; granting again replaces its rows and level. Each change goes to the feed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, literal_column, select
from sqlalchemy.orm import Session

from sync_server.core.roles import Role, find_role
from sync_server.core.scope import Grant
from sync_server.core.sensitivity import read_level
from sync_server.store import changes
from sync_server.store.changes import Change
from sync_server.store.engine import insert_for
from sync_server.store.tables import actors, assignments
from sync_server.store.tables import changes as feed

SITE = "*"
_t = assignments.c


@dataclass(frozen=True, slots=True)
class Assignment:
    """One grant, and whose it is."""

    actor_id: int
    grant: Grant
    granted_at: datetime
    granted_by: int | None


def actee_of(project_id: int | None, form_id: str | None = None) -> str:
    """Name a place as assignments and audits do: "*", "project:1", "form:1/visit"."""
    if project_id is None:
        return SITE
    return f"project:{project_id}" if form_id is None else f"form:{project_id}/{form_id}"


def put_assignment(session: Session, actor_id: int, grant: Grant, *, now: datetime, by: int | None) -> None:
    """Grant a role, or change the rows and level of one that was granted before."""
    key = {"actor_id": actor_id, "role_id": grant.role.id, "actee": actee_of(grant.project_id, grant.form_id)}
    narrowed = {"rows": grant.rows, "level": None if grant.level is None else grant.level.word}
    made = {"granted_at": now, "granted_by": by}
    place = {"project_id": grant.project_id, "form_id": grant.form_id}
    statement = insert_for(session)(assignments).values({**key, **place, **narrowed, **made})
    session.execute(statement.on_conflict_do_update(index_elements=list(key), set_={**narrowed, **made}))
    _say(session, actor_id, f"{key['actee']} {grant.role.system}")


def delete_assignment(session: Session, actor_id: int, role: Role, actee: str) -> bool:
    """Take a role away; return False when it was not granted."""
    named = (_t.actor_id == actor_id, _t.role_id == role.id, _t.actee == actee)
    gone = session.execute(delete(assignments).where(*named).returning(_t.role_id)).first() is not None
    if gone:
        _say(session, actor_id, f"{actee} {role.system} ended")
    return gone


def delete_assignments(session: Session, actor_id: int) -> None:
    """Take every role of an actor away."""
    if session.execute(delete(assignments).where(_t.actor_id == actor_id).returning(_t.role_id)).all():
        _say(session, actor_id, "ended")


def delete_assignments_in(session: Session, project_id: int) -> None:
    """Take away every role in a project and on its forms."""
    gone = session.execute(delete(assignments).where(_t.project_id == project_id).returning(_t.actor_id)).scalars()
    for actor_id in sorted(set(gone)):
        _say(session, actor_id, f"project:{project_id} ended")


def find_grants(session: Session, actor_id: int) -> tuple[Grant, ...]:
    """Load everything that was granted to one actor."""
    found = session.execute(select(assignments).where(_t.actor_id == actor_id).order_by(_t.actee, _t.role_id))
    return tuple(grant for row in found if (grant := _to_grant(row)))


def iter_granted_to(session: Session, actor_id: int) -> list[Assignment]:
    """List everything that was granted to one actor, with when."""
    found = session.execute(select(assignments).where(_t.actor_id == actor_id).order_by(_t.actee, _t.role_id))
    return list(_to_assignments(found))


def iter_assignments(session: Session, project_id: int | None, form_id: str | None = None) -> list[Assignment]:
    """List what was granted on exactly this place: the site, a project or a form."""
    return _list(session, _t.actee == actee_of(project_id, form_id))


def iter_form_assignments(session: Session, project_id: int) -> list[Assignment]:
    """List what was granted on any form of a project."""
    return _list(session, _t.project_id == project_id, _t.form_id.is_not(None))


def is_about_roles() -> ColumnElement[bool]:
    """The condition of the index on such changes, word for word: with a parameter no database would know it again."""
    return feed.c.kind == literal_column("'assignment'")


def _list(session: Session, *conditions: Any) -> list[Assignment]:
    query = select(assignments).join(actors, actors.c.id == _t.actor_id)
    query = query.where(actors.c.deleted_at.is_(None), *conditions).order_by(_t.form_id, _t.actor_id, _t.role_id)
    return list(_to_assignments(session.execute(query)))


def _to_assignments(rows: Iterable[Row[Any]]) -> Iterable[Assignment]:
    for row in rows:
        if grant := _to_grant(row):
            yield Assignment(row.actor_id, grant, row.granted_at, row.granted_by)


def _to_grant(row: Row[Any]) -> Grant | None:
    """Read a row; a role that this program does not know allows nothing."""
    role = find_role(row.role_id)
    level = None if row.level is None else read_level(row.level)
    return Grant(role, row.project_id, row.form_id, row.rows, level) if role else None


def _say(session: Session, actor_id: int, what: str) -> None:
    changes.append(session, [Change("assignment", f"actor:{actor_id}", what)])
