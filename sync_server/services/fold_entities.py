"""Fold entities again from everything that submissions and people did to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from sync_server.core.entity_digest import row_fingerprint
from sync_server.core.entity_event import LABEL, WITHDRAWN, EntityEvent
from sync_server.core.entity_fold import fold_entity
from sync_server.core.entity_rules import Rules, read_rules
from sync_server.exporters.list_line import write_line
from sync_server.store import entities
from sync_server.store.entities import EntityList, StoredEntity
from sync_server.store.entity_actions import EntityKey, StoredAction
from sync_server.store.entity_decisions import StoredAct


@dataclass(frozen=True, slots=True)
class _Happening:
    """One event with when it came to be and by whom."""

    event: EntityEvent
    at: datetime
    author_id: int | None


def fold_entities(
    session: Session,
    keys: Iterable[EntityKey],
    actions: Iterable[StoredAction],
    acts: Mapping[EntityKey, Sequence[StoredAct]],
    lists: Mapping[tuple[int, str], EntityList],
) -> list[StoredEntity]:
    """Fold these entities. `actions` are all of submissions on them, `acts` all of people, and maybe on others.

    `lists` are those that are new or changed.

    Those of which nothing is left but what was taken back are not in the answer.
    """
    wanted = sorted(set(keys))
    happened: dict[EntityKey, list[_Happening]] = {key: [] for key in wanted}
    for action in actions:
        happened[action.entity].append(_Happening(action.event, action.received_at, action.author_id))
    for key in wanted:
        happened[key] += map(_of_act, acts.get(key, ()))
    found = _find_lists(session, wanted, lists)
    return [
        _fold(key, on_it, *found[key[:2]])
        for key, on_it in happened.items()
        if any(each.event.kind != WITHDRAWN for each in on_it)
    ]


def _of_act(act: StoredAct) -> _Happening:
    return _Happening(act.event, act.at, act.author_id)


def _find_lists(
    session: Session, keys: Iterable[EntityKey], lists: Mapping[tuple[int, str], EntityList]
) -> dict[tuple[int, str], tuple[Rules, tuple[str, ...]]]:
    """Find for each list the rules by which its entities are folded, and the columns that tablets get."""
    found: dict[tuple[int, str], tuple[Rules, tuple[str, ...]]] = {}
    for place in sorted({key[:2] for key in keys}):
        of_list = lists.get(place) or entities.find_any_list(session, *place)
        found[place] = (read_rules(of_list.rules), of_list.columns) if of_list else (read_rules({}), ())
    return found


def _fold(key: EntityKey, happened: Sequence[_Happening], rules: Rules, columns: Sequence[str]) -> StoredEntity:
    project_id, list_name, entity_id = key
    state = fold_entity((each.event for each in happened), rules)
    is_served = state.is_created and not state.is_deleted
    line = write_line(columns, entity_id, state.number, state.values) if is_served else ""
    in_time = sorted(happened, key=lambda each: (each.at, each.event.id))
    return StoredEntity(
        project_id=project_id,
        list_name=list_name,
        entity_id=entity_id,
        number=state.number,
        label=state.values.get(LABEL, ""),
        is_served=is_served,
        is_deleted=state.is_deleted,
        has_conflict=bool(state.conflicts),
        is_waiting=bool(state.waits) or not state.is_created,
        data=dict(state.values),
        state={name: value for name, value in state.to_json().items() if name != "values"},
        fingerprint=row_fingerprint(line) if line else "",
        line=line,
        created_at=in_time[0].at,
        updated_at=in_time[-1].at,
        creator_id=in_time[0].author_id,
        updater_id=in_time[-1].author_id,
    )
