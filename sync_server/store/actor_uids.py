"""What every node calls a person or a tablet: a uid, and for nodes that do not know it, a name without any right."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, or_, select
from sqlalchemy.orm import Session

from sync_server.core.replication_items import Who
from sync_server.store.assignments import is_about_roles
from sync_server.store.tables import actors, assignments, changes

_t = actors.c


def find_whos(session: Session, actor_ids: Iterable[int | None], *, own_node: str) -> dict[int, Who]:
    """Say of actors, by their numbers here, what every node calls them."""
    wanted = sorted({id for id in actor_ids if id is not None})
    found: dict[int, Who] = {}
    for start in range(0, len(wanted), 500):
        query = select(_t.id, _t.uid, _t.type, _t.display_name, _t.node)
        for id, uid, kind, name, node in session.execute(query.where(_t.id.in_(wanted[start : start + 500]))):
            found[id] = Who(uid=uid, type=kind, name=name, node=node or own_node)
    return found


def find_actor_id(session: Session, uid: str) -> int | None:
    return session.scalar(select(_t.id).where(_t.uid == uid))


def ensure_actor(session: Session, who: Who, *, now: datetime) -> int:
    """Return the number here of whoever has this uid; of a stranger, make a name that may nothing."""
    known = find_actor_id(session, who.uid)
    if known is not None:
        return known
    row = {"type": who.type, "display_name": who.name, "created_at": now, "uid": who.uid, "node": who.node}
    actor_id: int = session.execute(insert(actors).values(row).returning(_t.id)).scalar_one()
    return actor_id


@dataclass(frozen=True, slots=True)
class Origin:
    """A person or tablet by its number here, and the node it comes from; None: this one."""

    actor_id: int
    node: str | None


def find_origin(session: Session, uid: str) -> Origin | None:
    row = session.execute(select(_t.id, _t.node).where(_t.uid == uid)).first()
    return Origin(row.id, row.node) if row else None


def has_had_role(session: Session, actor_id: int, project_id: int) -> bool:
    """Tell whether somebody has a role in a project or on the site, or the feed says that they had one."""
    a, c = assignments.c, changes.c
    now = select(a.role_id).where(a.actor_id == actor_id, or_(a.project_id == project_id, a.project_id.is_(None)))
    if session.execute(now.limit(1)).first() is not None:
        return True
    granted = or_(*(c.version.like(f"{start}%") for start in ("* ", f"project:{project_id} ", f"form:{project_id}/")))
    had = select(c.seq).where(is_about_roles(), c.key == f"actor:{actor_id}", granted)
    return session.execute(had.limit(1)).first() is not None
