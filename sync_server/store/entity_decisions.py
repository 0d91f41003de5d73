"""What people did to entities and lists on a server: the decisions about them, as events and as settings."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_server.core import entity_decision, list_settings
from sync_server.core.entity_decision import read_entity_event
from sync_server.core.entity_event import EntityEvent
from sync_server.core.list_settings import ListDecision
from sync_server.store.entity_actions import EntityKey
from sync_server.store.tables import decisions

PART = 500

_d = decisions.c
_ACT = (
    _d.kind, _d.project_id, _d.form_id, _d.subject, _d.id, _d.parents, _d.body, _d.decided_at, _d.author_id, _d.reason
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredAct:
    """What a person did to one entity. `source` is what the person said of it, such as the name of an uploaded file."""

    entity: EntityKey
    event: EntityEvent
    at: datetime
    author_id: int | None
    source: str


def find_acts_on(session: Session, entities: Iterable[EntityKey]) -> dict[EntityKey, list[StoredAct]]:
    """Load what people did to these entities; those to which nobody did anything are not in it."""
    wanted = set(entities)
    found = find_acts_about(session, (key[2] for key in wanted))
    return {key: acts for key, acts in found.items() if key in wanted}


def find_acts_about(session: Session, entity_ids: Iterable[str]) -> dict[EntityKey, list[StoredAct]]:
    """Load what people did to the entities of these ids, in whichever list."""
    wanted = sorted(set(entity_ids))
    found: dict[EntityKey, list[StoredAct]] = {}
    for start in range(0, len(wanted), PART):
        about = select(*_ACT).where(_d.subject.in_(wanted[start : start + PART]))
        for kind, *key, id, parents, body, at, author_id, reason in session.execute(about):
            # Not a condition: SQLite would go through all decisions of that kind for each part.
            if kind == entity_decision.KIND:
                act = StoredAct((key[0], key[1], key[2]), read_entity_event(id, parents, body), at, author_id, reason)
                found.setdefault(act.entity, []).append(act)
    return found


def find_changed_entities(session: Session, project_id: int, list_name: str) -> set[EntityKey]:
    """Name the entities of a list to which people did anything."""
    query = select(_d.subject).where(
        _d.project_id == project_id, _d.form_id == list_name, _d.kind == entity_decision.KIND
    )
    return {(project_id, list_name, entity_id) for entity_id in session.scalars(query.distinct())}


def find_list_decisions(session: Session, project_id: int) -> dict[str, list[ListDecision]]:
    """Load what was decided about the lists of a project, by list."""
    found: dict[str, list[ListDecision]] = {}
    query = select(_d.form_id, _d.id, _d.decided_at, _d.body).where(
        _d.kind == list_settings.KIND, _d.project_id == project_id
    )
    for list_name, id, decided_at, body in session.execute(query):
        found.setdefault(list_name, []).append(ListDecision(id, decided_at, body))
    return found


def find_projects_of_lists(session: Session, decision_ids: Iterable[str]) -> set[int]:
    """Say in which projects lists were decided about."""
    query = select(_d.project_id).where(_d.id.in_(sorted(set(decision_ids))), _d.kind == list_settings.KIND)
    return set(session.scalars(query.distinct()))
