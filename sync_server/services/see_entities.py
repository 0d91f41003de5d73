"""What people see of entity lists: the lists, a page of one, and one entity with everything that happened to it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from sync_server.core.entity_event import DELETION, LABEL, EntityEvent
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.access import require, require_somewhere
from sync_server.services.list_entities import ListOverview
from sync_server.store import accounts, entities, entity_actions, entity_decisions, projects
from sync_server.store.accounts import Actor
from sync_server.store.entities import EntityList, StoredEntity

PAGE = 50
VERB, EDIT = "entity.list", "entity.update"


@dataclass(frozen=True, slots=True)
class ProjectLists:
    """The lists of one project, and how many actions of submissions on them failed."""

    project_id: int
    name: str
    lists: tuple[ListOverview, ...]
    failed: int


@dataclass(frozen=True, slots=True)
class EntityPage:
    """Some entities of a list by label, and where the next page begins; None: there is none."""

    list: EntityList
    entities: tuple[StoredEntity, ...]
    next: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of an entity. `author` is the name of who made it, `source` the submission or what was said of it."""

    event: EntityEvent
    at: datetime
    author: str
    source: str
    waits: bool

    @property
    def is_by_submission(self) -> bool:
        return self.event.source is not None


@dataclass(frozen=True, slots=True)
class EntityView:
    """One entity with its history, the earliest first. `shown` names the properties that may be shown of it."""

    list: EntityList
    entity: StoredEntity
    shown: frozenset[str]
    history: tuple[Happening, ...]

    @property
    def conflicts(self) -> Mapping[str, Sequence[tuple[Happening, str]]]:
        """What is said of each property in conflict, what is shown for the time being first."""
        by_id = {each.event.id: each for each in self.history}
        return {
            conflict["about"]: [(by_id[id], value) for id, value in conflict["claims"] if id in by_id]
            for conflict in self.entity.state["conflicts"]
            if conflict["about"] in self.shown
        }


def see_lists(node: Node, actor: Actor | None) -> list[ProjectLists]:
    """List the lists of all projects in which this person may list entities."""
    scope = require_somewhere(node, actor, VERB)
    consumers.fold_received(node, seconds=1)
    with node.database.read() as session:
        shared = [each for each in projects.iter_projects(session) if scope.may(VERB, each.id)]
        return [_of_project(session, each.id, each.name) for each in shared]


def see_list(
    node: Node, actor: Actor | None, project_id: int, name: str, *, words: str = "", needs_person: bool = False,
    after: tuple[str, str] | None = None,
) -> EntityPage:  # fmt: skip
    """Show a page of a list by label: those with these words in it, or those that a person should look at."""
    require(node, actor, VERB, project_id=project_id)
    consumers.fold_received(node, seconds=1)
    with node.database.read() as session:
        of_list = entities.find_list(session, project_id, name)
        if of_list is None:
            raise NotFound
        found = entities.find_by_label(
            session, of_list, words=words, needs_person=needs_person, after=after, limit=PAGE + 1
        )
    shown, has_more = found[:PAGE], len(found) > PAGE
    return EntityPage(of_list, tuple(shown), (shown[-1].label, shown[-1].entity_id) if has_more else None)


def see_entity(node: Node, actor: Actor | None, project_id: int, name: str, entity_id: str) -> EntityView:
    """Show one entity with what happened to it; raise NotFound for one that nothing is known of."""
    require(node, actor, VERB, project_id=project_id)
    consumers.fold_received(node, seconds=1)
    with node.database.read() as session:
        of_list = entities.find_list(session, project_id, name)
        entity = next(entities.find_entities(session, project_id, name, [entity_id]), None)
        if of_list is None or entity is None:
            raise NotFound
        history = _history(session, entity)
    return EntityView(of_list, entity, frozenset((LABEL, DELETION, *of_list.properties)), history)


def _of_project(session: Session, project_id: int, name: str) -> ProjectLists:
    to_look_at = entities.count_to_look_at(session, project_id)
    lists = entities.iter_lists(session, project_id)
    overviews = tuple(ListOverview(each, *to_look_at.get(each.name, (0, 0))) for each in lists)
    return ProjectLists(project_id, name, overviews, entity_actions.count_failed(session, project_id))


def _history(session: Session, entity: StoredEntity) -> tuple[Happening, ...]:
    actions = entity_actions.find_actions_on(session, [entity.key])
    acts = entity_decisions.find_acts_on(session, [entity.key]).get(entity.key, [])
    names = _names(session, [each.author_id for each in (*actions, *acts)])
    waits = frozenset(entity.state["waits"])
    happened = [
        *((each.event, each.received_at, each.author_id, f"{each.form_id} {each.root_id}") for each in actions),
        *((each.event, each.at, each.author_id, each.source) for each in acts),
    ]
    return tuple(
        Happening(event, at, names.get(author_id, ""), source, event.id in waits)
        for event, at, author_id, source in sorted(happened, key=lambda each: (each[1], each[0].id))
    )


def _names(session: Session, ids: Iterable[int | None]) -> dict[int | None, str]:
    known = {id: accounts.find_display_name(session, id) for id in set(ids) if id is not None}
    return {id: name for id, name in known.items() if name}
