"""Which decisions there are about entities, by ids alone: for other nodes, and for erasing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, delete, select
from sqlalchemy.orm import Session

from sync_server.core.entity_decision import KIND
from sync_server.core.entity_event import CREATE
from sync_server.core.entity_root import MARK, entity_of
from sync_server.store.entity_actions import EntityKey, ids_by_list
from sync_server.store.tables import decision_seals, decisions

PART = 500
_d = decisions.c
_IS_ERASURE = and_(_d.kind == "erasure", _d.form_id.startswith(MARK, autoescape=True))


def find_decided(session: Session, entities: Iterable[EntityKey]) -> dict[EntityKey, list[tuple[str, str]]]:
    """Load (id, node) of what was decided about these entities; those about which nothing was are not in it."""
    found: dict[EntityKey, list[tuple[str, str]]] = {}
    for key, id, node in _select(session, entities, _d.id, _d.node):
        found.setdefault(key, []).append((id, node))
    return {key: sorted(of_entity) for key, of_entity in found.items()}


def find_makers(session: Session, entities: Iterable[EntityKey]) -> dict[EntityKey, set[str]]:
    """Name the nodes at which people made these entities."""
    found: dict[EntityKey, set[str]] = {}
    for key, node, body in _select(session, entities, _d.node, _d.body):
        if body.get("act") == CREATE:
            found.setdefault(key, set()).add(node)
    return found


def has_any(session: Session, project_id: int) -> bool:
    """Tell whether anybody ever decided about an entity of a project."""
    query = select(_d.id).where(_d.kind == KIND, _d.project_id == project_id).limit(1)
    return session.scalar(query) is not None


def iter_decided(session: Session, project_id: int) -> Iterator[EntityKey]:
    """Stream the entities of a project about which anything was decided."""
    query = select(_d.form_id, _d.subject).where(_d.kind == KIND, _d.project_id == project_id).distinct()
    for list_name, entity_id in session.execute(query, execution_options={"yield_per": PART}):
        yield project_id, list_name, entity_id


def delete_decided(session: Session, entity: EntityKey) -> int:
    """Delete what was decided about an entity that left this node's scope; return how many decisions that were."""
    ids = [id for id, _ in find_decided(session, [entity]).get(entity, ())]
    for start in range(0, len(ids), PART):
        part = ids[start : start + PART]
        session.execute(delete(decision_seals).where(decision_seals.c.decision_id.in_(part)))
        session.execute(delete(decisions).where(_d.id.in_(part)))
    return len(ids)


def _select(session: Session, entities: Iterable[EntityKey], *columns: Any) -> Iterator[tuple[Any, ...]]:
    for (project_id, list_name), ids in ids_by_list(entities).items():
        for start in range(0, len(ids), PART):
            query = select(_d.subject, *columns).where(
                _d.subject.in_(ids[start : start + PART]),
                _d.kind == KIND, _d.project_id == project_id, _d.form_id == list_name,
            )  # fmt: skip
            for entity_id, *values in session.execute(query):
                yield (project_id, list_name, entity_id), *values


@dataclass(frozen=True, slots=True)
class Words:
    """What people wrote in one decision about an entity."""

    entity: EntityKey
    decision_id: str
    body: Mapping[str, Any] = field(repr=False)
    reason: str = field(repr=False)


def iter_words(session: Session, project_id: int) -> Iterator[Words]:
    """Stream what people wrote about the entities of a project."""
    query = select(_d.form_id, _d.subject, _d.id, _d.body, _d.reason)
    query = query.where(_d.kind == KIND, _d.project_id == project_id).order_by(_d.id)
    for list_name, entity_id, *written in session.execute(query, execution_options={"yield_per": PART}):
        yield Words((project_id, list_name, entity_id), *written)


def find_words(session: Session, entity: EntityKey) -> list[Words]:
    """Load what people wrote about one entity."""
    return [Words(*row) for row in _select(session, [entity], _d.id, _d.body, _d.reason)]


def find_erasures(session: Session, entities: Iterable[EntityKey]) -> dict[EntityKey, list[Mapping[str, Any]]]:
    """Load the bodies of the decisions that erased these entities, or a person from what was decided about them."""
    if session.scalar(select(_d.id).where(_IS_ERASURE).limit(1)) is None:
        return {}
    wanted, found = set(entities), dict[EntityKey, list[Mapping[str, Any]]]()
    ids = sorted({key[2] for key in wanted})
    for start in range(0, len(ids), PART):
        query = select(_d.project_id, _d.form_id, _d.subject, _d.body)
        for *root, body in session.execute(query.where(_IS_ERASURE, _d.subject.in_(ids[start : start + PART]))):
            key = entity_of((root[0], root[1], root[2]))
            if key in wanted:
                found.setdefault(key, []).append(body)
    return found
