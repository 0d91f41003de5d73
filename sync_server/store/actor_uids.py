"""What every node calls a person or a tablet: a uid, and for nodes that do not know it, a name without any right."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from sync_server.core.replication_items import Who
from sync_server.store.tables import actors

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
