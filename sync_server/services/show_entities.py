"""Show what is in a list to people and programs: entities, their versions, who created them."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from sync_server.core.entity_draft import get_entity_id
from sync_server.core.entity_event import LABEL
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.access import require
from sync_server.services.edit_entities import ListPlace, get_list
from sync_server.services.entity_versions import DatedVersion, ShownEntity, find_histories, show_current, show_entity
from sync_server.store import accounts, creators, entities, entity_pages
from sync_server.store.accounts import Actor
from sync_server.store.entities import EntityList, StoredEntity

PATIENCE_SECONDS = 1.0
AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class EntityVersions:
    """An entity with all its versions; `shown` are the properties that may be shown of them, and the label."""

    entity: ShownEntity
    versions: list[DatedVersion]
    shown: frozenset[str]


def iter_shown(node: Node, place: ListPlace, *, is_deleted: bool = False) -> Iterator[list[ShownEntity]]:
    """List entities newest first, in parts; raise NotFound for no such list before the first.

    Each part is read of its own: a slow client holds no snapshot for long.
    """
    require(node, place.actor, "entity.list", project_id=place.project_id)
    consumers.fold_received(node, seconds=PATIENCE_SECONDS)
    with node.database.read() as session:
        of_list = get_list(session, place)
    return _iter_parts(node, of_list, is_deleted=is_deleted)


def get_entity(node: Node, place: ListPlace, entity_id: str, *, with_deleted: bool = False) -> EntityVersions:
    """Return an entity with its versions; raise NotFound for one that is not there, or was deleted."""
    require(node, place.actor, "entity.read", project_id=place.project_id)
    consumers.fold_received(node, seconds=PATIENCE_SECONDS)
    with node.database.read() as session:
        of_list = get_list(session, place)
        entity = _find(session, place, entity_id)
        if entity is None or not (entity.is_served or (with_deleted and entity.is_deleted)):
            raise NotFound
        versions = find_histories(session, of_list, [entity])[entity.entity_id]
    return EntityVersions(show_entity(entity, versions), versions, shown_of(of_list))


def list_creators(node: Node, place: ListPlace) -> list[Actor]:
    """List who created what is in a list, by name."""
    require(node, place.actor, "entity.list", project_id=place.project_id)
    consumers.fold_received(node, seconds=PATIENCE_SECONDS)
    with node.database.read() as session:
        get_list(session, place)
        ids = entity_pages.find_creator_ids(session, place.project_id, place.name)
        found = creators.find_actors(session, ids).values()
    return sorted(found, key=lambda actor: (actor.display_name, actor.id))


def find_actor(node: Node, actor_id: int | None) -> Actor | None:
    """Find who did something; None for the operator, and for whom this node does not know."""
    if actor_id is None:
        return None
    with node.database.read() as session:
        return accounts.get_actor(session, actor_id)


def shown_of(of_list: EntityList) -> frozenset[str]:
    """Name what may be shown: what was saved from a severe question is no property of the list."""
    return frozenset((LABEL, *of_list.properties))


def _iter_parts(node: Node, of_list: EntityList, *, is_deleted: bool) -> Iterator[list[ShownEntity]]:
    after = None
    while True:
        with node.database.read() as session:
            found = entity_pages.find_page(
                session, of_list.project_id, of_list.name, is_deleted=is_deleted, after=after, limit=AT_A_TIME
            )
            shown = show_current(session, of_list, found)
        if not shown:
            return
        yield shown
        after = (found[-1].created_at, found[-1].entity_id)


def _find(session: Session, place: ListPlace, entity_id: str) -> StoredEntity | None:
    wanted = get_entity_id(entity_id)
    return next(entities.find_entities(session, place.project_id, place.name, [wanted]), None)
