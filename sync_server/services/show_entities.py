"""Show what is in a list to people and programs: entities, their versions, who created them.

Which of them, and which properties, services/entity_view.py says.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from sync_server.core.entity_draft import get_entity_id
from sync_server.core.entity_event import LABEL
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.edit_entities import ListPlace
from sync_server.services.entity_versions import DatedVersion, ShownEntity, find_histories, show_current, show_entity
from sync_server.services.entity_view import EntityView, find_entity_view
from sync_server.store import accounts, creators, entities, entity_pages
from sync_server.store.accounts import Actor
from sync_server.store.entities import StoredEntity

PATIENCE_SECONDS = 1.0
AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class EntityVersions:
    """An entity with all its versions."""

    entity: ShownEntity
    versions: list[DatedVersion]

    @property
    def shown(self) -> frozenset[str]:
        return self.entity.shown


def iter_shown(node: Node, place: ListPlace, *, is_deleted: bool = False) -> Iterator[list[ShownEntity]]:
    """List entities newest first, in parts; raise NotFound for no such list before the first.

    Each part is read of its own: a slow client holds no snapshot for long.
    """
    consumers.fold_received(node, seconds=PATIENCE_SECONDS)
    with node.database.read() as session:
        view = _view(node, session, place)
    return _iter_parts(node, view, is_deleted=is_deleted)


def get_entity(node: Node, place: ListPlace, entity_id: str, *, with_deleted: bool = False) -> EntityVersions:
    """Return an entity with its versions; raise NotFound for one that is not there or in sight, or was deleted."""
    consumers.fold_received(node, seconds=PATIENCE_SECONDS)
    with node.database.read() as session:
        view = _view(node, session, place)
        entity = _find(session, view, get_entity_id(entity_id))
        if entity is None or not (entity.is_served or (with_deleted and entity.is_deleted)):
            raise NotFound
        versions = find_histories(session, view.list, [entity])[entity.entity_id]
    return EntityVersions(show_entity(entity, versions, shown_in(view)), versions)


def require_in_sight(node: Node, place: ListPlace, entity_ids: Iterable[str]) -> None:
    """Raise NotFound unless the actor sees all of these: nobody changes what they may not know of."""
    wanted = set(entity_ids)
    with node.database.read() as session:
        view = _view(node, session, place)
        if view.rows and _fitting(session, view, wanted) != wanted:
            raise NotFound


def list_creators(node: Node, place: ListPlace) -> list[Actor]:
    """List who created what is in a list, by name."""
    consumers.fold_received(node, seconds=PATIENCE_SECONDS)
    with node.database.read() as session:
        view = _view(node, session, place)
        ids = entity_pages.find_creator_ids(session, place.project_id, place.name, view.rows)
        found = creators.find_actors(session, ids).values()
    return sorted(found, key=lambda actor: (actor.display_name, actor.id))


def find_actor(node: Node, actor_id: int | None) -> Actor | None:
    """Find who did something; None for the operator, and for whom this node does not know."""
    if actor_id is None:
        return None
    with node.database.read() as session:
        return accounts.get_actor(session, actor_id)


def shown_in(view: EntityView) -> frozenset[str]:
    """Name the properties that may be shown, and the label."""
    return frozenset((*view.properties, *((LABEL,) if view.has_label else ())))


def _view(node: Node, session: Session, place: ListPlace) -> EntityView:
    return find_entity_view(node, session, place.actor, place.project_id, place.name)


def _iter_parts(node: Node, view: EntityView, *, is_deleted: bool) -> Iterator[list[ShownEntity]]:
    of_list, after = view.list, None
    while True:
        with node.database.read() as session:
            found = entity_pages.find_page(
                session, of_list.project_id, of_list.name,
                is_deleted=is_deleted, after=after, limit=AT_A_TIME, rows=view.rows,
            )  # fmt: skip
            shown = show_current(session, of_list, found, shown_in(view))
        if not shown:
            return
        yield shown
        after = (found[-1].created_at, found[-1].entity_id)


def _find(session: Session, view: EntityView, entity_id: str) -> StoredEntity | None:
    seen = _fitting(session, view, [entity_id]) if view.rows else [entity_id]
    return next(entities.find_entities(session, view.list.project_id, view.list.name, seen), None)


def _fitting(session: Session, view: EntityView, entity_ids: Iterable[str]) -> set[str]:
    return entity_pages.find_fitting(session, view.list.project_id, view.list.name, entity_ids, view.rows)
