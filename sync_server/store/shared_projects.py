"""Projects by the name that holds on every node, and which node leads them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_server.store.projects import add_project, change_project
from sync_server.store.tables import projects

_t = projects.c


@dataclass(frozen=True, slots=True)
class KnownProject:
    """A project here; `home` is the node that leads it, None for this one."""

    id: int
    uid: str
    title: str
    home: str | None


_COLUMNS = (_t.id, _t.uid, _t.name, _t.home)


def find_by_uid(session: Session, uid: str) -> KnownProject | None:
    """Find a project by its uid, a deleted one too."""
    row = session.execute(select(*_COLUMNS).where(_t.uid == uid)).first()
    return KnownProject(*row) if row else None


def find_by_number(session: Session, project_id: int) -> KnownProject | None:
    row = session.execute(select(*_COLUMNS).where(_t.id == project_id, _t.deleted_at.is_(None))).first()
    return KnownProject(*row) if row else None


def find_by_numbers(session: Session, project_ids: Iterable[int]) -> dict[int, KnownProject]:
    """Find projects that were not deleted."""
    query = select(*_COLUMNS).where(_t.id.in_(sorted(set(project_ids))), _t.deleted_at.is_(None))
    return {row.id: KnownProject(*row) for row in session.execute(query.order_by(_t.id))}


def iter_led_here(session: Session) -> list[KnownProject]:
    """List the projects that this node leads, neither deleted nor archived, oldest first."""
    query = select(*_COLUMNS).where(_t.home.is_(None), _t.deleted_at.is_(None), _t.archived_at.is_(None))
    return [KnownProject(*row) for row in session.execute(query.order_by(_t.id))]


def join_home(session: Session, project_id: int, *, uid: str, home: str, now: datetime) -> None:
    """Let a project be led by another node from now on, under the uid it has there. No other row is rewritten."""
    change_project(session, project_id, now=now, uid=uid, home=home)


def add_led_project(session: Session, *, uid: str, title: str, home: str, now: datetime) -> int:
    """Add an empty project that another node leads; return its number here."""
    project_id = add_project(session, name=title, description=None, uid=uid, now=now).id
    join_home(session, project_id, uid=uid, home=home, now=now)
    return project_id
