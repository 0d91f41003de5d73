"""Write down what was in a list when it was deleted, as a CSV with the columns that ODK Central gives it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO

from sqlalchemy.orm import Session

from sync_server.core.entity_event import DELETE
from sync_server.core.entity_number import split_number
from sync_server.core.list_settings import ListDecision, fold_list_settings
from sync_server.errors import NotFound
from sync_server.exporters.csv_text import csv_line
from sync_server.node import Node
from sync_server.services.access import require
from sync_server.services.edit_lists import WITH_THE_LIST
from sync_server.services.entity_view import ANY_FORM
from sync_server.services.show_lists import list_lists
from sync_server.store import creators, entity_decisions, entity_pages
from sync_server.store.accounts import Actor
from sync_server.store.entities import EntityList, StoredEntity
from sync_server.store.entity_decisions import StoredAct

AT_A_TIME = 500
_SYSTEM = ("__createdAt", "__creatorId", "__creatorName", "__updates", "__updatedAt", "__version")


def find_deleted_list(node: Node, actor: Actor | None, project_id: int, number: int) -> EntityList:
    """Find a deleted list by its number; raise NotFound."""
    require(node, actor, "entity.list", project_id=project_id)
    for each in list_lists(node, actor, project_id, is_deleted=True):
        if each.number == number:
            return each.list
    raise NotFound


def write_deleted_list(node: Node, actor: Actor | None, deleted: EntityList, file: IO[bytes]) -> None:
    """Write what was deleted together with the list, the newest first; what had been deleted before is not in it.

    For who is limited to rows there are none: the list has no view any more that would say which are theirs.
    """
    is_whole = require(node, actor, "entity.list", project_id=deleted.project_id).sees_whole(
        deleted.project_id, ANY_FORM, "entity.list"
    )
    with node.database.read() as session:
        decided = _before_its_end(session, deleted)
        properties, made_at = sorted(fold_list_settings(decided).properties), _last_made(decided)
        file.write(csv_line(("__id", "label", *properties, *_SYSTEM)).encode())
        for part in _iter_parts(session, deleted, since=made_at) if is_whole else ():
            actors = creators.find_actors(session, {e.creator_id for e in part if e.creator_id is not None})
            file.writelines(csv_line(_cells(each, properties, actors)).encode() for each in part)


def _before_its_end(session: Session, deleted: EntityList) -> list[ListDecision]:
    """What was decided about the list before it was deleted: a deleted one has no properties any more."""
    decided = entity_decisions.find_list_decisions(session, deleted.project_id).get(deleted.name, [])
    return sorted(decided, key=lambda each: (each.decided_at, each.id))[:-1]


def _last_made(decided: list[ListDecision]) -> datetime:
    """Since when this list was there; another of its name may have been deleted before."""
    made = [each.decided_at for each in decided if each.body.get("act") == "make"]
    return max(made, default=datetime.min.replace(tzinfo=UTC))


def _iter_parts(session: Session, deleted: EntityList, *, since: datetime) -> Iterator[list[StoredEntity]]:
    after = None
    while part := entity_pages.find_page(
        session, deleted.project_id, deleted.name, is_deleted=True, after=after, limit=AT_A_TIME
    ):
        acts = entity_decisions.find_acts_on(session, [each.key for each in part])
        yield [each for each in part if any(_is_of_the_end(act, since) for act in acts.get(each.key, ()))]
        after = (part[-1].created_at, part[-1].entity_id)


def _is_of_the_end(act: StoredAct, since: datetime) -> bool:
    return act.event.kind == DELETE and act.source == WITH_THE_LIST and act.at >= since


def _cells(entity: StoredEntity, properties: list[str], actors: dict[int, Actor]) -> list[str]:
    creator = actors.get(entity.creator_id or 0)
    updates = split_number(entity.number)[0] - 2  # neither its creation nor its deletion
    return [
        entity.entity_id,
        entity.label,
        *(entity.data.get(name, "") for name in properties),
        _moment(entity.created_at.isoformat(timespec="milliseconds")),
        str(entity.creator_id or ""),
        creator.display_name if creator else "",
        str(max(updates, 0)),
        _moment(entity.updated_at.isoformat(timespec="milliseconds")) if updates > 0 else "",
        str(entity.number),
    ]


def _moment(text: str) -> str:
    return text.replace("+00:00", "Z")
