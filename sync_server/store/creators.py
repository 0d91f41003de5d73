"""Whom a list speaks of: actors by their numbers, and who added each, deleted ones too."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_server.store import accounts
from sync_server.store.accounts import Actor
from sync_server.store.tables import actors


def find_actors(session: Session, actor_ids: Iterable[int]) -> dict[int, Actor]:
    """Load actors by their numbers."""
    return {actor_id: accounts.get_actor(session, actor_id) for actor_id in sorted(set(actor_ids))}


def find_creators(session: Session, actor_ids: Iterable[int]) -> dict[int, Actor]:
    """Find who added each actor; whom the operator at the machine added is not in it."""
    query = select(actors.c.id, actors.c.created_by).where(actors.c.id.in_(list(actor_ids)))
    by = {actor_id: creator for actor_id, creator in session.execute(query) if creator is not None}
    found = find_actors(session, by.values())
    return {actor_id: found[creator] for actor_id, creator in by.items()}
