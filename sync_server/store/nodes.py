"""This node's identity, its feed's epoch, and its projects."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from sync_server.store.tables import decision_seals, decisions, node, projects


def ensure_node(session: Session, *, new_id: Callable[[], str], now: datetime) -> str:
    """Give a new database its identity, its first epoch and its first project; return the node's id."""
    found: str | None = session.scalar(select(node.c.id))
    if found:
        return found
    node_id = new_id()
    session.execute(insert(node).values(id=node_id, epoch=new_id(), created_at=now))
    session.execute(insert(projects).values(id=1, uid=new_id(), name="Community Policing Forums"))
    return node_id


def start_epoch(session: Session, *, new_id: Callable[[], str]) -> None:
    """Begin a new epoch of the feed: its numbers go on from a restored state, and would else be used twice."""
    session.execute(update(node).values(epoch=new_id()))


def get_id(session: Session) -> str:
    """Return this node's id as it is now: an open node keeps the one it was opened with."""
    return session.scalar(select(node.c.id)) or ""


def rename_node(session: Session, new_id: str) -> None:
    """Give this node another id, and what was decided here with it; seals of the former one are forgotten."""
    former = get_id(session)
    own = select(decisions.c.id).where(decisions.c.node == former)
    session.execute(delete(decision_seals).where(decision_seals.c.decision_id.in_(own)))
    session.execute(update(decisions).where(decisions.c.node == former).values(node=new_id))
    session.execute(update(node).values(id=new_id))


def require_writable(session: Session) -> None:
    """Fail as a later write would: SQLite opens a file it may not write and only refuses the first write."""
    session.execute(update(node).where(node.c.id == "").values(id=node.c.id))


def iter_projects(session: Session) -> list[tuple[int, str]]:
    """List the projects as (number, name), oldest first."""
    query = select(projects.c.id, projects.c.name)
    query = query.where(projects.c.archived_at.is_(None), projects.c.deleted_at.is_(None)).order_by(projects.c.id)
    return [(project_id, name) for project_id, name in session.execute(query)]


def find_project(session: Session, project_id: int) -> str | None:
    return session.scalar(select(projects.c.name).where(projects.c.id == project_id, projects.c.deleted_at.is_(None)))
