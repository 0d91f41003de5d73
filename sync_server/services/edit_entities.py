"""What people do to entities on the server: create, change, settle, delete, restore. Each act is a decision.

A decision names every event that its author could see, so one made at the same time elsewhere is not overruled unseen
(core/entity_fold.py). Whether a whole upload may be made is asked before anything of it is written.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy.orm import Session

from sync_server.core.entity_decision import KIND, write_entity_body
from sync_server.core.entity_draft import EntityDraft, check_drafts, check_values
from sync_server.core.entity_event import CREATE, DELETE, DELETION, LABEL, RESTORE, SETTLE, UPDATE
from sync_server.entity_errors import EntityExists, EntityVersionConflict, NoBaseVersion, NothingToSettle
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.access import require
from sync_server.services.audit import make_act, noted, write_act
from sync_server.services.entity_view import EntityView, find_entity_view, require_in_sight
from sync_server.services.erase_entities import without_erased
from sync_server.store import entities, entity_actions, entity_decisions
from sync_server.store.accounts import Actor
from sync_server.store.decisions import StoredDecision, add_decisions
from sync_server.store.entities import EntityList, StoredEntity

log = logging.getLogger(__name__)

SHOWN_IDS = 5


@dataclass(frozen=True, slots=True)
class ListPlace:
    """A list and who is at work on it; `source` is what the person says of it all, such as the name of a file."""

    project_id: int
    name: str
    actor: Actor | None = None
    source: str = ""


def create_entities(node: Node, place: ListPlace, drafts: Iterable[EntityDraft]) -> list[str]:
    """Create entities, all or none; return their ids in the order of the drafts.

    Like submissions they are safe when this returns, and folded after it: whoever reads them has that done first.
    Raises EntityNotValid, EntityExists, NotFound for no such list.
    """
    require(node, place.actor, "entity.create", project_id=place.project_id)
    of_list = _find_list(node, place)
    checked = list(check_drafts(drafts, frozenset(of_list.properties)))
    made = [new_decision(place, draft.entity_id, CREATE, draft.said) for draft in checked]
    ids = [draft.entity_id for draft in checked]

    def write(session: Session) -> None:
        require_new(session, place, ids)
        add_acts(session, place, made, "entity.create")

    node.write(noted(write))
    _log(node, place, CREATE, len(made))
    return ids


def update_entity(
    node: Node, place: ListPlace, entity_id: str, said: Mapping[str, str], *, base: int | None, is_forced: bool = False
) -> None:
    """Change an entity: its label and properties as far as they are in `said`.

    `base` is the number of the version that the author saw; with `is_forced` none need be given. Raises NoBaseVersion,
    EntityVersionConflict, EntityNotValid, NotFound.
    """
    entity, view = _get_shown(node, place, entity_id, "entity.update")
    _require_current(entity, base, is_forced)
    check_values(said, frozenset(view.properties), place="the entity")
    _write(node, place, [new_decision(place, entity_id, UPDATE, said, sees=entity)], "entity.update.version")


def settle_entity(
    node: Node, place: ListPlace, entity_id: str, said: Mapping[str, str], *, base: int | None = None,
    is_forced: bool = False, keeps: bool | None = None,
) -> None:  # fmt: skip
    """Settle what is in conflict, for good: as `said`, and where that says nothing as it is shown for the time being.

    `keeps`: whether one stays that somebody deleted while another went on with it; None: if anything is said.
    Raises NothingToSettle as well as what `update_entity` raises.
    """
    entity, view = _get_shown(node, place, entity_id, "entity.update")
    if base is not None or said:
        _require_current(entity, base, is_forced)
    in_sight = {DELETION, *view.properties, *((LABEL,) if view.has_label else ())}
    about = [conflict["about"] for conflict in entity.state["conflicts"] if conflict["about"] in in_sight]
    if not about:
        raise NothingToSettle
    check_values(said, frozenset(view.properties), place="the entity")
    shown = {name: entity.data.get(name, "") for name in about if name != DELETION}
    made = [new_decision(place, entity_id, SETTLE, {**shown, **said}, sees=entity)]
    if DELETION in about:
        is_kept = bool(said) if keeps is None else keeps
        made.append(new_decision(place, entity_id, RESTORE if is_kept else DELETE, {}, sees=entity))
    _write(node, place, made, "entity.update.resolve")


def delete_entities(node: Node, place: ListPlace, entity_ids: Iterable[str]) -> None:
    """Delete entities, all or none: tablets no longer get them. Raises NotFound when one is not there."""
    _mark(node, place, entity_ids, DELETE, "entity.delete")


def restore_entities(node: Node, place: ListPlace, entity_ids: Iterable[str]) -> None:
    """Bring deleted entities back, all or none. Raises NotFound when one is not among the deleted."""
    _mark(node, place, entity_ids, RESTORE, "entity.restore")


def get_list(session: Session, place: ListPlace) -> EntityList:
    """Return the list; raise NotFound when there is none."""
    found = entities.find_list(session, place.project_id, place.name)
    if found is None:
        raise NotFound
    return found


def _mark(node: Node, place: ListPlace, entity_ids: Iterable[str], act: str, verb: str) -> None:
    wanted = list(dict.fromkeys(entity_ids))
    require(node, place.actor, verb, project_id=place.project_id)
    consumers.fold_received(node)
    with node.database.read() as session:
        view = find_entity_view(node, session, place.actor, place.project_id, place.name)
        require_in_sight(session, view, wanted)
        found = {each.entity_id: each for each in entities.find_entities(session, place.project_id, place.name, wanted)}
    is_there = {id: each.is_deleted if act == RESTORE else each.is_served for id, each in found.items()}
    if not all(is_there.get(id) for id in wanted):
        raise NotFound
    _write(node, place, [new_decision(place, id, act, {}, sees=found[id]) for id in wanted], verb)


def _get_shown(node: Node, place: ListPlace, entity_id: str, verb: str) -> tuple[StoredEntity, EntityView]:
    require(node, place.actor, verb, project_id=place.project_id)
    consumers.fold_received(node)
    with node.database.read() as session:
        view = find_entity_view(node, session, place.actor, place.project_id, place.name)
        require_in_sight(session, view, [entity_id])
        entity = next(entities.find_entities(session, place.project_id, place.name, [entity_id]), None)
    if entity is None or not (entity.is_served or entity.has_conflict):
        raise NotFound
    return entity, view


def _require_current(entity: StoredEntity, base: int | None, is_forced: bool) -> None:
    if is_forced:
        return
    if base is None:
        raise NoBaseVersion
    if base != entity.number:
        raise EntityVersionConflict(given=base, current=entity.number)


def require_new(session: Session, place: ListPlace, ids: Sequence[str]) -> None:
    """Raise EntityExists unless nothing is known of any of these, folded or not."""
    keys = [(place.project_id, place.name, id) for id in ids]
    acts = entity_decisions.find_acts_on(session, keys)
    known = {key[2] for key in acts} | {each.entity_id for each in entity_actions.find_actions_on(session, keys)}
    if known:
        first = sorted(known)[:SHOWN_IDS]
        more = f" and {len(known) - len(first)} more" if len(known) > len(first) else ""
        raise EntityExists(values=", ".join(first) + more)


def new_decision(
    place: ListPlace, entity_id: str, act: str, said: Mapping[str, str], *, sees: StoredEntity | None = None
) -> StoredDecision:
    return StoredDecision(
        id=uuid4().hex,
        kind=KIND,
        project_id=place.project_id,
        form_id=place.name,
        subject=entity_id,
        parents=() if sees is None else tuple(sees.state["events"]),
        body=write_entity_body(act, said),
        author_id=place.actor.id if place.actor else None,
        decided_at=datetime.now(UTC),
        reason=place.source,
    )


def _write(node: Node, place: ListPlace, made: Sequence[StoredDecision], action: str) -> None:
    node.write(noted(lambda session: add_acts(session, place, made, action)))
    _log(node, place, action, len(made))
    consumers.fold_received(node)


def add_acts(session: Session, place: ListPlace, made: Sequence[StoredDecision], action: str) -> None:
    if not made:
        return
    add_decisions(session, without_erased(session, made))
    details = {"list": place.name, "count": len(made), **({"source": place.source} if place.source else {})}
    first = {"entity": made[0].subject} if len(made) == 1 else {}
    write_act(session, make_act(place.actor, action, f"dataset:{place.project_id}/{place.name}", **details, **first))


def _log(node: Node, place: ListPlace, act: str, count: int) -> None:
    log.info("entities act=%s list=%s count=%d node=%s", act, place.name, count, node.id)


def _find_list(node: Node, place: ListPlace) -> EntityList:
    """Find a list; only when it is not here yet, what came is worked in first."""
    with node.database.read() as session:
        found = entities.find_list(session, place.project_id, place.name)
    if found is None:
        consumers.fold_received(node)
        with node.database.read() as session:
            return get_list(session, place)
    return found
