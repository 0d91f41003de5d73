"""Entities as they are now, and their lists with what tablets compare: derived tables."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, and_, cast, delete, func, select, update
from sqlalchemy.orm import Session

from sync_server.core.entity_digest import EMPTY, RowSum, owned_mark, shift_digest
from sync_server.core.entity_event import LABEL
from sync_server.core.list_access import hidden_by
from sync_server.core.list_settings import ListSettings, read_settings
from sync_server.core.sensitivity import Level
from sync_server.store.engine import insert_for
from sync_server.store.entity_actions import EntityKey, ids_by_list
from sync_server.store.tables import entities, entity_lists

PAGE = 500
SEVERE = Level.SEVERE.word


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityList:
    """A list. `served` and `digest` are of what tablets get: its entities that exist and are not deleted.

    `owners` is a digest too, of the same rows and who made each here. `settings` are what people decided about it; a
    list that was deleted and that no form writes is remembered so.
    `tags` say which property has an HXL tag, `levels` how sensitive a property is that is more than low.
    """

    project_id: int
    name: str
    properties: tuple[str, ...]
    rules: Mapping[str, str]
    settings: ListSettings = field(default_factory=ListSettings)
    tags: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, str] = field(default_factory=dict)
    served: int = 0
    digest: str = EMPTY
    owners: str = EMPTY

    @property
    def columns(self) -> tuple[str, ...]:
        """What tablets get of an entity: the label and the properties, without those that are hidden from them."""
        hidden = hidden_by(self.settings.access) | {name for name, word in self.levels.items() if word == SEVERE}
        return tuple(name for name in (LABEL, *self.properties) if name not in hidden)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntity:
    """One entity. `data` are its properties and the label, `state` is the rest of EntityState as JSON.

    `fingerprint` is that of its row as served and `line` that row in the list's CSV, empty when it is not. The creator
    is who made the earliest event, the updater who made the latest; None is the operator at the machine, or nobody that
    is known here.
    """

    project_id: int
    list_name: str
    entity_id: str
    number: int
    label: str
    is_served: bool
    is_deleted: bool
    has_conflict: bool
    is_waiting: bool
    data: dict[str, str] = field(repr=False)
    state: dict[str, Any] = field(repr=False)
    fingerprint: str
    line: str = field(default="", repr=False)
    created_at: datetime
    updated_at: datetime
    creator_id: int | None = None
    updater_id: int | None = None

    @property
    def key(self) -> EntityKey:
        return self.project_id, self.list_name, self.entity_id


_e, _l = entities.c, entity_lists.c
_KEY = ("project_id", "list_name", "entity_id")
_NAMES = tuple(column.name for column in _e)
_LIST = tuple(column.name for column in _l)
_SAID = ("properties", "rules", "settings", "tags", "levels")


def iter_lists(session: Session, project_id: int) -> list[EntityList]:
    """List the lists of a project by name; deleted ones are not among them."""
    return [each for each in iter_all_lists(session, project_id) if not each.settings.is_deleted]


def iter_all_lists(session: Session, project_id: int) -> list[EntityList]:
    """List the lists of a project by name, deleted ones too."""
    rows = session.execute(select(*_l).where(_l.project_id == project_id).order_by(_l.name))
    return [_list(row) for row in rows]


def find_list(session: Session, project_id: int, name: str) -> EntityList | None:
    """Find a list that is not deleted."""
    found = find_any_list(session, project_id, name)
    return None if found is None or found.settings.is_deleted else found


def find_any_list(session: Session, project_id: int, name: str) -> EntityList | None:
    row = session.execute(select(*_l).where(_l.project_id == project_id, _l.name == name)).first()
    return _list(row) if row else None


def put_list(session: Session, put: EntityList) -> None:
    """Write what forms and people say of a list; what it holds stays."""
    insert = insert_for(session)(entity_lists)
    said = {name: insert.excluded[name] for name in _SAID}
    made = {name: getattr(put, name) for name in _SAID}
    made |= {"properties": list(put.properties), "settings": put.settings.to_json()}
    row = {name: getattr(put, name) for name in _LIST} | made
    session.execute(insert.on_conflict_do_update(index_elements=["project_id", "name"], set_=said), [row])


def put_sums(session: Session, of_list: EntityList, summed: RowSum, owned: RowSum) -> None:
    """Write what all rows of a list come to, after all of them were written anew."""
    is_it = (_l.project_id == of_list.project_id, _l.name == of_list.name)
    sums = {"served": summed.count, "digest": summed.digest, "owners": owned.digest}
    session.execute(update(entity_lists).where(*is_it).values(sums))


def put_entities(session: Session, made: Sequence[StoredEntity], *, touched: Iterable[EntityKey]) -> None:
    """Write these, remove those of the touched ones that are no more, and bring the lists' digests up to date."""
    rows = {each.key: {name: getattr(each, name) for name in _NAMES} for each in made}
    keys = sorted({*touched, *rows})
    before = _find_marks(session, keys)
    gone = [key for key in keys if key not in rows]
    for place, ids in ids_by_list(gone).items():
        for start in range(0, len(ids), PAGE):
            session.execute(delete(entities).where(_is_one_of(place, ids[start : start + PAGE])))
    if rows:
        insert = insert_for(session)(entities)
        updated = {name: insert.excluded[name] for name in _NAMES if name not in _KEY}
        session.execute(
            insert.on_conflict_do_update(index_elements=_KEY, set_=updated), [rows[k] for k in sorted(rows)]
        )
    after = {each.key: (each.fingerprint, each.creator_id) for each in made if each.fingerprint}
    for project_id, name in sorted({key[:2] for key in keys}):
        _shift(session, project_id, name, _of(before, project_id, name), _of(after, project_id, name))


def iter_served(session: Session, project_id: int, name: str) -> Iterator[StoredEntity]:
    """Stream what tablets get of a list, by entity id."""
    yield from _stream(session, project_id, name, _e.is_served)


def iter_entities(
    session: Session, project_id: int, name: str, *, needs_person: bool = False
) -> Iterator[StoredEntity]:
    """Stream all of a list, also what is deleted or waits for its creation; or only what a person should look at."""
    to_look_at = (_e.has_conflict | _e.is_waiting,) if needs_person else ()
    yield from _stream(session, project_id, name, *to_look_at)


def find_entities(session: Session, project_id: int, name: str, entity_ids: Iterable[str]) -> Iterator[StoredEntity]:
    """Find those of these entities that are known, a part at a time."""
    wanted = sorted(set(entity_ids))
    for start in range(0, len(wanted), PAGE):
        is_one = _is_one_of((project_id, name), wanted[start : start + PAGE])
        for row in session.execute(select(*_e).where(is_one).order_by(_e.entity_id)):
            yield make_entity(row)


def count_to_look_at(session: Session, project_id: int) -> dict[str, tuple[int, int]]:
    """For each list, how many entities are in conflict, and how many have something that waits."""
    counts = (func.sum(cast(_e.has_conflict, Integer)), func.sum(cast(_e.is_waiting, Integer)))
    query = select(_e.list_name, *counts).where(_e.project_id == project_id).group_by(_e.list_name)
    return {name: (conflicts, waiting) for name, conflicts, waiting in session.execute(query)}


def _stream(session: Session, project_id: int, name: str, *conditions: Any) -> Iterator[StoredEntity]:
    query = select(*_e).where(_e.project_id == project_id, _e.list_name == name, *conditions).order_by(_e.entity_id)
    for row in session.execute(query, execution_options={"yield_per": PAGE}):
        yield make_entity(row)


_Mark = tuple[str, int | None]  # a row's fingerprint, and who made the entity


def _find_marks(session: Session, keys: Sequence[EntityKey]) -> dict[EntityKey, _Mark]:
    found: dict[EntityKey, _Mark] = {}
    for place, ids in ids_by_list(keys).items():
        for start in range(0, len(ids), PAGE):
            is_one = _is_one_of(place, ids[start : start + PAGE])
            rows = session.execute(select(_e.entity_id, _e.fingerprint, _e.creator_id).where(is_one))
            found.update({(*place, row[0]): (row[1], row[2]) for row in rows if row[1]})
    return found


def _is_one_of(place: tuple[int, str], ids: Sequence[str]) -> ColumnElement[bool]:
    return and_(_e.project_id == place[0], _e.list_name == place[1], _e.entity_id.in_(ids))


def _of(marks: Mapping[EntityKey, _Mark], project_id: int, name: str) -> list[_Mark]:
    return [mark for key, mark in marks.items() if key[:2] == (project_id, name)]


def _shift(session: Session, project_id: int, name: str, before: Sequence[_Mark], after: Sequence[_Mark]) -> None:
    """Take the old rows out of a list's digests and put the new ones in: the cost is that of what changed."""
    known = session.execute(select(_l.digest, _l.owners).where(_l.project_id == project_id, _l.name == name)).first()
    if known is not None:
        gone, come = ([mark for mark, _ in marks] for marks in (before, after))
        owned = (itertools.starmap(owned_mark, marks) for marks in (before, after))
        changed = {
            "digest": shift_digest(known[0], gone=gone, come=come),
            "owners": shift_digest(known[1], gone=next(owned), come=next(owned)),
            "served": _l.served + len(after) - len(before),
        }
        session.execute(update(entity_lists).where(_l.project_id == project_id, _l.name == name).values(changed))


def _list(row: Row[Any]) -> EntityList:
    values = dict(zip(_LIST, row, strict=True))
    said = {"properties": tuple(values["properties"]), "settings": read_settings(values["settings"])}
    return EntityList(**{**values, **said})


def make_entity(row: Row[Any]) -> StoredEntity:
    return StoredEntity(**dict(zip(_NAMES, row, strict=True)))
