"""The versions of entities with when, by whom and from where each came: read from what submissions and people did."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from sync_server.core.entity_event import CREATE, DELETE, EntityEvent
from sync_server.core.entity_history import EntityVersion, read_history
from sync_server.core.entity_rules import read_rules
from sync_server.store.entities import EntityList, StoredEntity
from sync_server.store.entity_actions import StoredAction, find_actions_on
from sync_server.store.entity_decisions import StoredAct, find_acts_on


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedVersion:
    """A version as it came to be: by a submission of a form, or by a person on a server, who may have said `source`."""

    version: EntityVersion
    at: datetime
    author_id: int | None
    form_id: str | None = None
    instance_id: str | None = None
    source: str = ""

    @property
    def is_of_submission(self) -> bool:
        return self.instance_id is not None


@dataclass(frozen=True, slots=True)
class ShownEntity:
    """An entity with its current version; `deleted_at` is None unless it is deleted.

    `shown` are the properties that its reader may see, and the label.
    """

    entity: StoredEntity
    current: DatedVersion
    deleted_at: datetime | None
    shown: frozenset[str]


def find_histories(
    session: Session, of_list: EntityList, found: Iterable[StoredEntity]
) -> dict[str, list[DatedVersion]]:
    """Load the versions of these entities of a list, by entity id; the earliest first."""
    keys = [each.key for each in found]
    happened: dict[str, list[StoredAction | StoredAct]] = {key[2]: [] for key in keys}
    for action in find_actions_on(session, keys):
        happened[action.entity_id].append(action)
    for key, acts in find_acts_on(session, keys).items():
        happened[key[2]] += acts
    rules = read_rules(of_list.rules)
    return {
        entity_id: _date({each.event.id: each for each in on_it}, read_history((e.event for e in on_it), rules))
        for entity_id, on_it in happened.items()
        if on_it
    }


def show_current(
    session: Session, of_list: EntityList, found: Iterable[StoredEntity], shown: frozenset[str]
) -> list[ShownEntity]:
    """Add the current version to each: of those to which only one thing happened, without looking it up."""
    listed = list(found)
    histories = find_histories(session, of_list, (each for each in listed if len(each.state["events"]) > 1))
    return [show_entity(each, histories.get(each.entity_id) or [_only_version(each)], shown) for each in listed]


def show_entity(entity: StoredEntity, history: list[DatedVersion], shown: frozenset[str]) -> ShownEntity:
    deleted = [each.at for each in history if each.version.event.kind == DELETE] if entity.is_deleted else []
    return ShownEntity(entity, history[-1], max(deleted, default=None), shown)


def _date(happened: Mapping[str, StoredAction | StoredAct], history: Iterable[EntityVersion]) -> list[DatedVersion]:
    return [_dated(each, happened[each.event.id]) for each in history]


def _dated(version: EntityVersion, happened: StoredAction | StoredAct) -> DatedVersion:
    if isinstance(happened, StoredAct):
        return DatedVersion(version=version, at=happened.at, author_id=happened.author_id, source=happened.source)
    return DatedVersion(
        version=version,
        at=happened.received_at,
        author_id=happened.author_id,
        form_id=happened.form_id,
        instance_id=happened.root_id,
    )


def _only_version(entity: StoredEntity) -> DatedVersion:
    """What a list says of the only version; what it received is not among that."""
    event = EntityEvent(id=entity.state["events"][0], kind=CREATE, values={})
    version = EntityVersion(
        event=event, number=entity.number, values=entity.data, base=None, base_place=None, base_diff=(),
        server_diff=(), is_parallel=False, conflicting=(), unsettled=frozenset(),
    )  # fmt: skip
    return DatedVersion(version=version, at=entity.created_at, author_id=entity.creator_id)
