"""Properties that a project notes of its tablets and links, such as a region: the names, and each one's values."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sync_server.store import changes
from sync_server.store.changes import Change
from sync_server.store.engine import insert_for
from sync_server.store.tables import actor_properties, actor_property_values, actors, app_users, public_links

_n = actor_properties.c
_v = actor_property_values.c


def add_property(session: Session, project_id: int, name: str, *, now: datetime) -> bool:
    """Register a name; return False when it is there already."""
    statement = insert_for(session)(actor_properties).values(project_id=project_id, name=name, created_at=now)
    added = session.execute(statement.on_conflict_do_nothing().returning(_n.name)).first() is not None
    if added:
        changes.append(session, [Change("project", f"project:{project_id}", f"property {name}")])
    return added


def iter_properties(session: Session, project_id: int) -> list[str]:
    """List the names, in the order of their registering."""
    query = select(_n.name).where(_n.project_id == project_id).order_by(_n.created_at, _n.name)
    return list(session.scalars(query))


def find_used_values(session: Session, project_id: int) -> dict[str, list[str]]:
    """Find the values in use among the project's tablets and links that were not deleted, by name."""
    bound = select(app_users.c.actor_id).where(app_users.c.project_id == project_id)
    bound_links = select(public_links.c.actor_id).where(public_links.c.project_id == project_id)
    query = select(_v.name, _v.value).join(actors, actors.c.id == _v.actor_id)
    query = query.where(actors.c.deleted_at.is_(None), _v.actor_id.in_(bound.union_all(bound_links)))
    used: dict[str, list[str]] = {}
    for name, value in session.execute(query.distinct().order_by(_v.name, _v.value)):
        used.setdefault(name, []).append(value)
    return used


def find_values(session: Session, actor_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """Find the values of some actors, by number; who has none is not in it."""
    query = select(_v.actor_id, _v.name, _v.value).where(_v.actor_id.in_(list(actor_ids)))
    found: dict[int, dict[str, str]] = {}
    for actor_id, name, value in session.execute(query.order_by(_v.actor_id, _v.name)):
        found.setdefault(actor_id, {})[name] = value
    return found


def put_values(session: Session, actor_id: int, values: Mapping[str, str | None]) -> None:
    """Set an actor's values; None takes one away."""
    for name, value in values.items():
        if value is None:
            session.execute(delete(actor_property_values).where(_v.actor_id == actor_id, _v.name == name))
        else:
            statement = insert_for(session)(actor_property_values)
            statement = statement.values(actor_id=actor_id, name=name, value=value)
            key = ("actor_id", "name")
            session.execute(statement.on_conflict_do_update(index_elements=key, set_={"value": value}))
    if values:
        changes.append(session, [Change("account", f"actor:{actor_id}", "properties")])
