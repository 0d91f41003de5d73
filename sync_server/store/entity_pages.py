"""Entities of a list a page at a time, the newest created first, and what the lists of a project hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Integer, cast, func, select, tuple_
from sqlalchemy.orm import Session

from sync_server.store.entities import PAGE, EntityList, StoredEntity, make_entity
from sync_server.store.entity_filter import Condition
from sync_server.store.tables import entities

Place = tuple[datetime, str]
"""Where an entity stands in a list: when it was created, and its id."""

_e = entities.c
_COLUMNS = tuple(entities.c)


@dataclass(frozen=True, slots=True)
class ListCounts:
    """How many entities a list shows, how many are in conflict, and when the newest was created."""

    conflicts: int = 0
    newest: datetime | None = None


@dataclass(frozen=True, slots=True)
class SeenCounts:
    """How many entities tablets get, how many are in conflict, of how many something waits for its base."""

    served: int = 0
    conflicts: int = 0
    waiting: int = 0


def find_page(
    session: Session, project_id: int, name: str, *, is_deleted: bool, after: Place | None, limit: int,
    rows: Sequence[Condition] = (),
) -> list[StoredEntity]:  # fmt: skip
    """Load those of a list that are there, or those that were deleted, newest first, behind a place.

    `rows` are conditions that they have to fulfil as well.
    """
    wanted = (_e.is_deleted,) if is_deleted else (_e.is_served,)
    query = select(*_COLUMNS).where(_e.project_id == project_id, _e.list_name == name, *wanted, *rows)
    if after is not None:
        query = query.where(tuple_(_e.created_at, _e.entity_id) < after)
    ordered = query.order_by(_e.created_at.desc(), _e.entity_id.desc()).limit(limit)
    return [make_entity(row) for row in session.execute(ordered)]


def find_by_label(
    session: Session, of_list: EntityList, *, words: str, needs_person: bool, after: tuple[str, str] | None,
    limit: int, rows: Sequence[Condition] = (),
) -> list[StoredEntity]:  # fmt: skip
    """Load entities by label, deleted ones too, behind a label and an id: those with these words in their label.

    With `needs_person` only those in conflict, or of which something waits.
    """
    conditions = [_e.project_id == of_list.project_id, _e.list_name == of_list.name, *rows]
    if words:
        conditions.append(_e.label.icontains(words, autoescape=True))
    if needs_person:
        conditions.append(_e.has_conflict | _e.is_waiting)
    if after is not None:
        conditions.append(tuple_(_e.label, _e.entity_id) > after)
    query = select(*_COLUMNS).where(*conditions).order_by(_e.label, _e.entity_id).limit(limit)
    return [make_entity(row) for row in session.execute(query)]


def count_seen(session: Session, of_list: EntityList, rows: Sequence[Condition]) -> SeenCounts:
    """Count those of a list that fulfil the conditions."""
    served, conflicts, waiting = (
        func.sum(cast(column, Integer)) for column in (_e.is_served, _e.has_conflict, _e.is_waiting)
    )
    in_list = (_e.project_id == of_list.project_id, _e.list_name == of_list.name)
    query = select(served, conflicts, waiting).where(*in_list, *rows)
    row = session.execute(query).one()
    return SeenCounts(row[0] or 0, row[1] or 0, row[2] or 0)


def find_fitting(
    session: Session, project_id: int, name: str, entity_ids: Iterable[str], rows: Sequence[Condition]
) -> set[str]:
    """Say which of these entities fulfil the conditions."""
    wanted, found = sorted(set(entity_ids)), set[str]()
    for start in range(0, len(wanted), PAGE):
        is_one = _e.entity_id.in_(wanted[start : start + PAGE])
        query = select(_e.entity_id).where(_e.project_id == project_id, _e.list_name == name, is_one, *rows)
        found.update(session.scalars(query))
    return found


def find_creator_ids(session: Session, project_id: int, name: str, rows: Sequence[Condition] = ()) -> set[int]:
    """Find who created what is in a list; whom nobody here knows is not in it."""
    of_list = (_e.project_id == project_id, _e.list_name == name, _e.is_served, _e.creator_id.is_not(None))
    return set(session.scalars(select(_e.creator_id).where(*of_list, *rows).distinct()))


def count_lists(session: Session, project_id: int, names: Iterable[str]) -> dict[str, ListCounts]:
    """Count each of these lists."""
    conflicts = _count_conflicts(session, project_id)
    return {name: ListCounts(conflicts.get(name, 0), _find_newest(session, project_id, name)) for name in sorted(names)}


def find_last_change(session: Session, project_id: int, name: str) -> datetime | None:
    """Find when anything in a list changed last."""
    query = select(func.max(_e.updated_at)).where(_e.project_id == project_id, _e.list_name == name)
    found: datetime | None = session.scalar(query)
    return found


def _count_conflicts(session: Session, project_id: int) -> dict[str, int]:
    """What was deleted while somebody went on with it counts, too: a person has to decide."""
    query = select(_e.list_name, func.count()).where(_e.project_id == project_id, _e.has_conflict)
    return {row[0]: row[1] for row in session.execute(query.group_by(_e.list_name))}


def _find_newest(session: Session, project_id: int, name: str) -> datetime | None:
    query = select(_e.created_at).where(_e.project_id == project_id, _e.list_name == name, _e.is_served)
    return session.scalar(query.order_by(_e.created_at.desc(), _e.entity_id.desc()).limit(1))
