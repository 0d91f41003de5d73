"""Projects: added, changed, set aside (archived) and deleted; nothing of what was received in one is ever removed.

Deleted is a mark: the project is found no more, and what tablets still send for it is kept.
"""

from collections.abc import Iterable
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
    datasets: int = 0
    last_entity: datetime | None = None


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


def find_home(session: Session, project_id: int) -> str | None:
    """Return the id of the node that leads a project; None: this one."""
    return session.scalar(select(_t.home).where(_t.id == project_id))


def find_uid(session: Session, project_id: int) -> str | None:
    """Return what every node calls a project that was not deleted."""
    return session.scalar(select(_t.uid).where(_t.id == project_id, _t.deleted_at.is_(None)))


def put_project_of_home(
    session: Session, project_id: int, *, name: str, description: str | None, is_archived: bool, now: datetime
) -> bool:
    """Set a project to what its home says, without a change of the feed; return whether it was anything else."""
    said = (name, description, is_archived)
    is_set_aside = _t.archived_at.is_not(None)
    before = session.execute(select(_t.name, _t.description, is_set_aside).where(_t.id == project_id)).one()
    if (before[0], before[1], bool(before[2])) == said:
        return False
    values = {"name": name, "description": description, "updated_at": now}
    if bool(before[2]) != is_archived:
        values["archived_at"] = now if is_archived else None
    session.execute(update(projects).where(_t.id == project_id).values(values))
    return True


def find_led_here(session: Session, project_ids: Iterable[int]) -> dict[int, str]:
    """Return number → uid of those of these projects that this node leads."""
    query = select(_t.id, _t.uid).where(_t.id.in_(sorted(project_ids)), _t.home.is_(None)).order_by(_t.id)
    return {row.id: row.uid for row in session.execute(query)}


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
    has_version = forms.c.current_version_id.is_not(None)
    query = select(forms.c.project_id, func.count()).where(has_version)
    return _by_project(session, query.group_by(forms.c.project_id))


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
