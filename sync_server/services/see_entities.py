"""What the office's pages show of entity lists: the lists, a page of one, one entity with what happened to it.

Which entities and properties a person sees, services/entity_view.py says; numbers are of those only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from sync_server.core.entity_event import DELETION, LABEL
from sync_server.core.scope import Scope
from sync_server.errors import InsufficientRights, NotFound
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.access import require, require_somewhere
from sync_server.services.entity_versions import DatedVersion, find_histories
from sync_server.services.entity_view import ANY_FORM, EntityView, find_entity_view
from sync_server.store import accounts, entities, entity_actions, entity_pages, projects
from sync_server.store.accounts import Actor
from sync_server.store.entities import EntityList, StoredEntity
from sync_server.store.entity_actions import StoredAction
from sync_server.store.entity_pages import SeenCounts

PAGE = 50
PATIENCE_SECONDS = 1.0
VERB, EDIT = "entity.list", "entity.update"


@dataclass(frozen=True, slots=True)
class ProjectLists:
    """The lists of one project with what somebody sees in them; `failed`: actions of submissions that failed.

    Failed actions are told to those only who see all of the project's lists.
    """

    project_id: int
    name: str
    lists: tuple[tuple[EntityList, SeenCounts], ...]
    failed: int


@dataclass(frozen=True, slots=True)
class EntityPage:
    """Some entities of a list by label, and where the next page begins; None: there is none."""

    view: EntityView
    entities: tuple[StoredEntity, ...]
    next: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Happening:
    """One version of an entity, who made it, and whether what it builds upon has not come yet."""

    dated: DatedVersion
    author: str
    waits: bool

    @property
    def source(self) -> str:
        """The submission that it came by, or what the person said of it."""
        return f"{self.dated.form_id} {self.dated.instance_id}" if self.dated.is_of_submission else self.dated.source


@dataclass(frozen=True, slots=True)
class SeenEntity:
    """One entity with its versions in the order of their causes. `shown` names the properties that may be shown."""

    list: EntityList
    entity: StoredEntity
    shown: frozenset[str]
    history: tuple[Happening, ...]

    @property
    def title(self) -> str:
        return (self.entity.label if LABEL in self.shown else "") or self.entity.entity_id

    @property
    def conflicts(self) -> Mapping[str, Sequence[tuple[Happening, str]]]:
        """What is said of each property in conflict, what is shown for the time being first."""
        by_id = {each.dated.version.event.id: each for each in self.history}
        return {
            conflict["about"]: [(by_id[id], value) for id, value in conflict["claims"] if id in by_id]
            for conflict in self.entity.state["conflicts"]
            if conflict["about"] in self.shown
        }


def see_lists(node: Node, actor: Actor | None) -> list[ProjectLists]:
    """List the lists of all projects in which this person may list entities."""
    scope = require_somewhere(node, actor, VERB)
    consumers.fold_received(node, seconds=PATIENCE_SECONDS)
    with node.database.read() as session:
        shared = [each for each in projects.iter_projects(session) if scope.may(VERB, each.id)]
        return [
            ProjectLists(
                each.id,
                each.name,
                tuple(_count(node, session, actor, of_list) for of_list in entities.iter_lists(session, each.id)),
                entity_actions.count_failed(session, each.id) if _sees_all(scope, each.id) else 0,
            )
            for each in shared
        ]


def see_failed(node: Node, actor: Actor | None, project_id: int, *, limit: int) -> list[StoredAction]:
    """List what submissions could not do to the lists of a project; raise InsufficientRights for who sees parts."""
    if not _sees_all(require(node, actor, VERB, project_id=project_id), project_id):
        raise InsufficientRights
    consumers.fold_received(node, seconds=PATIENCE_SECONDS)
    with node.database.read() as session:
        return entity_actions.find_failed(session, project_id, limit=limit)


def see_list(
    node: Node, actor: Actor | None, project_id: int, name: str, *, words: str = "", needs_person: bool = False,
    after: tuple[str, str] | None = None,
) -> EntityPage:  # fmt: skip
    """Show a page of a list by label: those with these words in it, or those that a person should look at."""
    consumers.fold_received(node, seconds=PATIENCE_SECONDS)
    with node.database.read() as session:
        view = find_entity_view(node, session, actor, project_id, name)
        found = entity_pages.find_by_label(
            session, view.list, words=words if view.has_label else "", needs_person=needs_person, after=after,
            limit=PAGE + 1, rows=view.rows,
        )  # fmt: skip
    shown, has_more = found[:PAGE], len(found) > PAGE
    return EntityPage(view, tuple(shown), (shown[-1].label, shown[-1].entity_id) if has_more else None)


def see_entity(node: Node, actor: Actor | None, project_id: int, name: str, entity_id: str) -> SeenEntity:
    """Show one entity with what happened to it; raise NotFound for one that nothing is known of, or is out of sight."""
    consumers.fold_received(node, seconds=PATIENCE_SECONDS)
    with node.database.read() as session:
        view = find_entity_view(node, session, actor, project_id, name)
        seen = entity_pages.find_fitting(session, project_id, name, [entity_id], view.rows)
        entity = next(entities.find_entities(session, project_id, name, seen), None)
        if entity is None:
            raise NotFound
        history = _history(session, view.list, entity)
    shown = frozenset((DELETION, *view.properties, *((LABEL,) if view.has_label else ())))
    return SeenEntity(view.list, entity, shown, history)


def _sees_all(scope: Scope, project_id: int) -> bool:
    granted = scope.view(project_id, ANY_FORM, VERB)
    return granted is not None and granted.rows is None


def _count(node: Node, session: Session, actor: Actor | None, of_list: EntityList) -> tuple[EntityList, SeenCounts]:
    view = find_entity_view(node, session, actor, of_list.project_id, of_list.name)
    return of_list, entity_pages.count_seen(session, of_list, view.rows)


def _history(session: Session, of_list: EntityList, entity: StoredEntity) -> tuple[Happening, ...]:
    history = find_histories(session, of_list, [entity]).get(entity.entity_id, [])
    authors = {each.author_id for each in history if each.author_id is not None}
    names = {id: accounts.find_display_name(session, id) or "" for id in authors}
    waits = frozenset(entity.state["waits"])
    return tuple(
        Happening(each, names.get(each.author_id or 0, ""), each.version.event.id in waits) for each in history
    )
