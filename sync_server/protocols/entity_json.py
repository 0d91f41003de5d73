"""Write entities and their versions as ODK Central's REST has them.

pyODK wants a number for who did something and a text for with what; where neither is known they are 0 and empty.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from sync_server.core.entity_event import DELETION, LABEL
from sync_server.core.entity_history import find_last_good, find_relevant
from sync_server.core.entity_number import split_number
from sync_server.protocols.central_sessions import write_actor, write_time
from sync_server.services.entity_audits import tell_source
from sync_server.services.entity_versions import DatedVersion, ShownEntity
from sync_server.services.show_entities import EntityVersions
from sync_server.store.accounts import Actor

NOBODY = 0
SOFT, HARD = "soft", "hard"

FindActor = Callable[[int | None], Actor | None]
"""Who somebody is; not asked unless the client wants to know."""


def write_entity(shown: ShownEntity, find_actor: FindActor | None) -> dict[str, Any]:
    """Write an entity without its data. What is parallel and agrees asks nothing of anybody: no soft conflict."""
    entity = shown.entity
    is_as_made = split_number(entity.number)[0] == 1
    written = {
        "uuid": entity.entity_id,
        "createdAt": write_time(entity.created_at),
        "updatedAt": None if is_as_made else write_time(entity.updated_at),
        "deletedAt": write_time(shown.deleted_at) if shown.deleted_at else None,
        "creatorId": entity.creator_id or NOBODY,
        "conflict": HARD if entity.has_conflict else None,
        "currentVersion": write_version(shown.current, shown.shown, find_actor, is_current=True),
    }
    return written if find_actor is None else {**written, "creator": _write_actor(find_actor(entity.creator_id))}


def write_whole(found: EntityVersions, find_actor: FindActor | None) -> dict[str, Any]:
    """Write an entity with the data of its current version."""
    written = write_entity(found.entity, find_actor)
    written["currentVersion"] |= _write_data(found.entity.current, found.shown)
    return written


def write_version(
    dated: DatedVersion, shown: Collection[str], find_actor: FindActor | None, *, is_current: bool
) -> dict[str, Any]:
    version, event = dated.version, dated.version.event
    written = {
        "label": version.values.get(LABEL, "") if LABEL in shown else "",
        "current": is_current,
        "createdAt": write_time(dated.at),
        "creatorId": dated.author_id or NOBODY,
        "userAgent": "",
        "version": version.number,
        "baseVersion": version.base,
        "branchId": event.branch,
        "trunkVersion": event.trunk or None,
        "branchBaseVersion": event.base if event.branch else None,
        "conflictingProperties": _only(version.conflicting, {*shown, DELETION}) or None,
    }
    return written if find_actor is None else {**written, "creator": _write_actor(find_actor(dated.author_id))}


def write_versions(found: EntityVersions, find_actor: FindActor | None, *, only_relevant: bool) -> list[dict[str, Any]]:
    """Write every version, the earliest first; or those that matter to a conflict."""
    versions = [each.version for each in found.versions]
    last_good, relevant = find_last_good(versions), find_relevant(versions)
    return [
        {
            **write_version(dated, found.shown, find_actor, is_current=place == len(versions) - 1),
            **_write_data(dated, found.shown),
            **_write_comparison(dated, found),
            "lastGoodVersion": place == last_good,
            "relevantToConflict": place in relevant,
        }
        for place, dated in enumerate(found.versions)
        if place in relevant or not only_relevant
    ]


def _write_comparison(dated: DatedVersion, found: EntityVersions) -> dict[str, Any]:
    version, unsettled = dated.version, found.versions[-1].version.unsettled
    conflict = HARD if version.conflicting else SOFT if version.is_parallel else None
    return {
        "conflict": conflict,
        "resolved": conflict is not None and not unsettled & set(version.conflicting),
        "baseDiff": _only(version.base_diff, found.shown),
        "serverDiff": _only(version.server_diff, found.shown),
        "source": tell_source(dated),
    }


def _write_data(dated: DatedVersion, shown: Collection[str]) -> dict[str, Any]:
    version = dated.version
    data = {name: value for name, value in version.values.items() if name in shown and name != LABEL}
    return {"data": data, "dataReceived": _of(version.event.values, shown)}


def _of(values: Mapping[str, str], shown: Collection[str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name in shown}


def _only(names: Collection[str], shown: Collection[str]) -> list[str]:
    return sorted(name for name in names if name in shown)


def _write_actor(actor: Actor | None) -> dict[str, Any] | None:
    return write_actor(actor) if actor else None
