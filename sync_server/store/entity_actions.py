"""What submissions do to entities: the derived table of actions, those that failed with their reason among them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.orm import Session

from sync_server.core.entity_event import EntityEvent
from sync_server.store.instance_names import FormKey
from sync_server.store.tables import entity_actions

PART = 200

T = TypeVar("T")

EntityKey = tuple[int, str, str]
"""Project, list, entity id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAction:
    """One action of one submission. Failed ones are no event; `place` says where in the submission it stands."""

    project_id: int
    form_id: str
    root_id: str
    place: str
    list_name: str
    entity_id: str
    event_id: str
    kind: str
    given: dict[str, str] = field(repr=False)
    base: int | None
    trunk: int | None
    branch: str | None
    facts: int
    failure: str | None
    received_at: datetime
    author_id: int | None = None

    @property
    def entity(self) -> EntityKey:
        return self.project_id, self.list_name, self.entity_id

    @property
    def event(self) -> EntityEvent:
        return EntityEvent(
            id=self.event_id,
            kind=self.kind,
            values=self.given,
            base=self.base,
            trunk=self.trunk,
            branch=self.branch,
            source=self.root_id,
            facts=self.facts,
        )


_t = entity_actions.c
_NAMES = tuple(column.name for column in entity_actions.c if column.name != "id")
_COLUMNS = tuple(entity_actions.c[name] for name in _NAMES)


def find_actions_of(session: Session, root_ids: Iterable[str]) -> list[StoredAction]:
    """Load the actions of the submissions that go by these names."""
    return [
        _action(row)
        for part in _parts(sorted(set(root_ids)))
        for row in session.execute(select(*_COLUMNS).where(_t.root_id.in_(part)).order_by(_t.id))
    ]


def find_actions_on(session: Session, entities: Iterable[EntityKey]) -> list[StoredAction]:
    """Load the actions on these entities that did not fail."""
    found: list[StoredAction] = []
    for (project_id, list_name), ids in ids_by_list(entities).items():
        for part in _parts(ids):
            is_one = (_t.project_id == project_id, _t.list_name == list_name, _t.entity_id.in_(part))
            rows = session.execute(select(*_COLUMNS).where(*is_one, _t.failure.is_(None)).order_by(_t.id))
            found += [_action(row) for row in rows]
    return found


def ids_by_list(entities: Iterable[EntityKey]) -> dict[tuple[int, str], list[str]]:
    """Part entities by their list, in order: a question about one list finds its index."""
    by_list: dict[tuple[int, str], list[str]] = {}
    for project_id, list_name, entity_id in sorted(set(entities)):
        by_list.setdefault((project_id, list_name), []).append(entity_id)
    return by_list


def find_failed_sources(session: Session, form_id: str) -> set[str]:
    """Name the submissions of a form of which an action failed."""
    query = select(_t.root_id).where(_t.form_id == form_id, _t.failure.is_not(None))
    return set(session.scalars(query))


def find_sources_of_list(session: Session, project_id: int, list_name: str) -> set[str]:
    """Name the submissions that do anything to a list, or tried to."""
    return set(session.scalars(select(_t.root_id).where(_t.project_id == project_id, _t.list_name == list_name)))


def find_changed_entities(session: Session, project_id: int, list_name: str) -> list[EntityKey]:
    """Name the entities of a list to which more than one thing happened: those that rules can concern."""
    of_list = (_t.project_id == project_id, _t.list_name == list_name, _t.failure.is_(None))
    query = select(_t.entity_id).where(*of_list).group_by(_t.entity_id).having(func.count() > 1)
    return [(project_id, list_name, entity_id) for entity_id in session.scalars(query)]


def count_failed(session: Session, project_id: int) -> int:
    """How many actions of a project failed."""
    query = select(func.count()).where(_t.project_id == project_id, _t.failure.is_not(None))
    return session.scalar(query) or 0


def find_failed(session: Session, project_id: int, *, limit: int) -> list[StoredAction]:
    """Load the first failed actions of a project, by form and submission."""
    query = select(*_COLUMNS).where(_t.project_id == project_id, _t.failure.is_not(None))
    found = session.execute(query.order_by(_t.form_id, _t.root_id, _t.id).limit(limit))
    return [_action(row) for row in found]


def iter_failed(session: Session, project_id: int, *, list_name: str | None = None) -> Iterator[StoredAction]:
    """Stream the failed actions of a project, by form and submission."""
    query = select(*_COLUMNS).where(_t.project_id == project_id, _t.failure.is_not(None))
    if list_name is not None:
        query = query.where(_t.list_name == list_name)
    ordered = query.order_by(_t.form_id, _t.root_id, _t.id)
    for row in session.execute(ordered, execution_options={"yield_per": PART}):
        yield _action(row)


def put_actions(
    session: Session, forms: Iterable[FormKey], root_ids: Iterable[str], new: Sequence[StoredAction]
) -> None:
    """Put these actions in the place of all that the named submissions of these forms had."""
    names = sorted(set(root_ids))
    for project_id, form_id in sorted(set(forms)):
        for part in _parts(names):
            of_form = (_t.project_id == project_id, _t.form_id == form_id, _t.root_id.in_(part))
            session.execute(delete(entity_actions).where(*of_form))
    if new:
        session.execute(insert(entity_actions), [{name: getattr(action, name) for name in _NAMES} for action in new])


def _action(row: Row[Any]) -> StoredAction:
    return StoredAction(**dict(zip(_NAMES, row, strict=True)))


def _parts(wanted: Sequence[T]) -> Iterator[Sequence[T]]:
    return (wanted[start : start + PART] for start in range(0, len(wanted), PART))
