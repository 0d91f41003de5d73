"""What people set for themselves: about the site, or about a project; any JSON under a name."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from sync_server.store.engine import insert_for
from sync_server.store.tables import user_preferences

_t = user_preferences.c
_SITE = 0


@dataclass(frozen=True, slots=True)
class Preferences:
    site: dict[str, Any] = field(default_factory=dict)
    projects: dict[int, dict[str, Any]] = field(default_factory=dict)


def get_preferences(session: Session, actor_id: int) -> Preferences:
    found = Preferences()
    query = select(user_preferences).where(_t.actor_id == actor_id).order_by(_t.project_id, _t.name)
    for row in session.execute(query):
        of = found.site if row.project_id == _SITE else found.projects.setdefault(row.project_id, {})
        of[row.name] = row.value
    return found


def count_preferences(session: Session, actor_id: int) -> int:
    return session.scalar(select(func.count()).select_from(user_preferences).where(_t.actor_id == actor_id)) or 0


def put_preference(session: Session, actor_id: int, project_id: int | None, name: str, value: Any) -> None:
    key = {"actor_id": actor_id, "project_id": project_id or _SITE, "name": name}
    statement = insert_for(session)(user_preferences).values(**key, value=value)
    session.execute(statement.on_conflict_do_update(index_elements=list(key), set_={"value": value}))


def delete_preference(session: Session, actor_id: int, project_id: int | None, name: str) -> bool:
    """Forget a preference; return False when there was none."""
    named = (_t.actor_id == actor_id, _t.project_id == (project_id or _SITE), _t.name == name)
    return session.execute(delete(user_preferences).where(*named).returning(_t.name)).first() is not None
