"""Projects: added, changed, set aside (archived) and deleted; nothing of what was received in one is ever removed.

Deleted is a mark: the project is found no more, and what tablets still send for it is kept.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from sync_server.errors import NotFound
from sync_server.store import changes
from sync_server.store.changes import Change
from sync_server.store.engine import lock_feed
from sync_server.store.tables import actors, app_users, forms, node, projects, submissions

_t = projects.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project; `key_id` names the key all its forms are sealed with, if any."""

    id: int
    name: str
    description: str | None
    key_id: int | None
    created_at: datetime
    updated_at: datetime | None
    archived_at: datetime | None

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None


@dataclass(frozen=True, slots=True)
class ProjectCounts:
    """What a project holds."""

    forms: int = 0
    app_users: int = 0
    last_submission: datetime | None = None


# The first project is as old as its node, and was not always told when that was.
_SINCE = func.coalesce(_t.created_at, select(node.c.created_at).limit(1).scalar_subquery()).label("created_at")
_COLUMNS = tuple(_SINCE if name == "created_at" else _t[name] for name in Project.__dataclass_fields__)


def add_project(session: Session, *, name: str, description: str | None, uid: str, now: datetime) -> Project:
    lock_feed(session)  # the number is the next one: PostgreSQL's own count does not know of the first project
    project_id = (session.scalar(select(func.max(_t.id))) or 0) + 1
    values = {"id": project_id, "uid": uid, "name": name, "description": description, "created_at": now}
    session.execute(insert(projects).values(values))
    _say(session, project_id, "created")
    return get_project(session, project_id)


def find_project(session: Session, project_id: int) -> Project | None:
    """Find a project that was not deleted."""
    row = session.execute(select(*_COLUMNS).where(_t.id == project_id, _t.deleted_at.is_(None))).first()
    return Project(**row._mapping) if row else None


def get_project(session: Session, project_id: int) -> Project:
    project = find_project(session, project_id)
    if project is None:
        raise NotFound
    return project


def has_been(session: Session, project_id: int) -> bool:
    """Tell whether there is, or was before it was deleted, a project of this number."""
    return session.scalar(select(_t.id).where(_t.id == project_id)) is not None


def iter_projects(session: Session) -> list[Project]:
    """List the projects by name, the archived ones last."""
    query = select(*_COLUMNS).where(_t.deleted_at.is_(None)).order_by(_t.archived_at.is_not(None), _t.name, _t.id)
    return [Project(**row._mapping) for row in session.execute(query)]


def change_project(session: Session, project_id: int, *, now: datetime, **values: Any) -> Project:
    """Set columns of a project."""
    session.execute(update(projects).where(_t.id == project_id).values({**values, "updated_at": now}))
    _say(session, project_id, "changed")
    return get_project(session, project_id)


def delete_project(session: Session, project_id: int, *, now: datetime) -> None:
    session.execute(update(projects).where(_t.id == project_id).values(deleted_at=now))
    _say(session, project_id, "deleted")


def count_forms(session: Session) -> dict[int, int]:
    return _by_project(session, select(forms.c.project_id, func.count()).group_by(forms.c.project_id))


def count_app_users(session: Session) -> dict[int, int]:
    query = select(app_users.c.project_id, func.count()).join(actors, actors.c.id == app_users.c.actor_id)
    return _by_project(session, query.where(actors.c.deleted_at.is_(None)).group_by(app_users.c.project_id))


def find_last_submissions(session: Session) -> dict[tuple[int, str], datetime]:
    """Find when the newest submission of each form came, by project and form id."""
    t = submissions.c
    query = select(t.project_id, t.form_id, func.max(t.first_received_at)).where(t.is_held.is_(False))
    found = session.execute(query.group_by(t.project_id, t.form_id))
    return {(project_id, form_id): newest for project_id, form_id, newest in found}


def _by_project(session: Session, query: Any) -> dict[int, int]:
    return {row[0]: row[1] for row in session.execute(query)}


def _say(session: Session, project_id: int, what: str) -> None:
    changes.append(session, [Change("project", f"project:{project_id}", what)])


def iter_homes(session: Session) -> list[tuple[int, str, str | None]]:
    """List the projects that were not deleted as (number, uid, the node that leads it; None: this one)."""
    t = projects.c
    query = select(t.id, t.uid, t.home).where(t.deleted_at.is_(None)).order_by(t.id)
    return [(id, uid, home) for id, uid, home in session.execute(query)]
