"""Show entity lists to who runs the server: what is in them, what a person should look at, what could not be done."""

from collections.abc import Iterator
from dataclasses import dataclass

from sync_server.core.entity_event import DELETION, LABEL
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.store import entities, entity_actions
from sync_server.store.entities import EntityList, StoredEntity
from sync_server.store.entity_actions import StoredAction


@dataclass(frozen=True, slots=True)
class ListOverview:
    """A list with how many of its entities are in conflict, and of how many something waits for its base."""

    list: EntityList
    conflicts: int
    waiting: int


@dataclass(frozen=True, slots=True)
class EntityHistory:
    """An entity with everything that submissions did to it, the earliest received first.

    `shown` names what may be shown of it; what was saved from a severe question is not among it.
    """

    entity: StoredEntity
    shown: frozenset[str]
    actions: tuple[StoredAction, ...]


def list_entity_lists(node: Node, *, project_id: int = 1) -> list[ListOverview]:
    """List the entity lists of a project, as of now."""
    consumers.catch_up(node)
    with node.database.read() as session:
        to_look_at = entities.count_to_look_at(session, project_id)
        lists = entities.iter_lists(session, project_id)
    return [ListOverview(each, *to_look_at.get(each.name, (0, 0))) for each in lists]


def find_entity_list(node: Node, name: str, *, project_id: int = 1) -> EntityList | None:
    """Find a list, as of now."""
    consumers.fold_received(node)
    with node.database.read() as session:
        return entities.find_list(session, project_id, name)


def iter_list(node: Node, name: str, *, project_id: int = 1, needs_person: bool = False) -> Iterator[StoredEntity]:
    """Stream the entities of a list; raise NotFound when there is no such list."""
    consumers.catch_up(node)
    with node.database.read() as session:
        if entities.find_list(session, project_id, name) is None:
            raise NotFound
        yield from entities.iter_entities(session, project_id, name, needs_person=needs_person)


def iter_failed_actions(node: Node, *, project_id: int = 1) -> Iterator[StoredAction]:
    """Stream what submissions wanted to do to entities and could not."""
    consumers.catch_up(node)
    with node.database.read() as session:
        yield from entity_actions.iter_failed(session, project_id)


def get_history(node: Node, name: str, entity_id: str, *, project_id: int = 1) -> EntityHistory:
    """Return one entity with what was done to it; raise NotFound for one that nothing is known of."""
    consumers.catch_up(node)
    with node.database.read() as session:
        entity = next(entities.find_entities(session, project_id, name, [entity_id]), None)
        of_list = entities.find_list(session, project_id, name)
        if entity is None or of_list is None:
            raise NotFound
        actions = entity_actions.find_actions_on(session, [entity.key])
    shown = frozenset((LABEL, DELETION, *of_list.properties))
    return EntityHistory(entity, shown, tuple(sorted(actions, key=lambda each: (each.received_at, each.event_id))))
