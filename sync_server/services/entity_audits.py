"""Tell what was done to one entity, by submissions and by people: read from its versions, the same at every node.

Why a person did it (X-Action-Notes) is noted where it was done, and told there alone.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from sync_server.core.entity_event import DELETE, RESTORE, SETTLE
from sync_server.node import Node
from sync_server.services.edit_entities import ListPlace
from sync_server.services.entity_versions import DatedVersion
from sync_server.services.show_entities import EntityVersions, get_entity
from sync_server.store import audits, creators
from sync_server.store.accounts import Actor
from sync_server.store.audits import Act, Audit

_ACTIONS = {SETTLE: "entity.update.resolve", DELETE: "entity.delete", RESTORE: "entity.restore"}


@dataclass(frozen=True, slots=True)
class EntityAct:
    """An act as the audit log has it, and who did it."""

    audit: Audit
    actor: Actor | None


def list_entity_acts(node: Node, place: ListPlace, entity_id: str) -> list[EntityAct]:
    """List what was done to an entity, the newest first; raise NotFound."""
    found = get_entity(node, place, entity_id, with_deleted=True)
    with node.database.read() as session:
        actors = creators.find_actors(session, {e.author_id for e in found.versions if e.author_id is not None})
        acts = [_read(session, place, found, number, each) for number, each in enumerate(found.versions)]
    newest_first = sorted(acts, key=lambda audit: (audit.logged_at, audit.id), reverse=True)
    return [EntityAct(audit, actors.get(audit.act.actor_id or 0)) for audit in newest_first]


def _read(session: Session, place: ListPlace, found: EntityVersions, number: int, dated: DatedVersion) -> Audit:
    entity, event = found.entity.entity, dated.version.event
    action = _ACTIONS.get(event.kind, "entity.update.version" if number else "entity.create")
    actee = f"dataset:{place.project_id}/{place.name}"
    written = None
    if not dated.is_of_submission:
        written = audits.find_entity_act(
            session, actee, action, entity.entity_id, actor_id=dated.author_id, since=dated.at
        )
    notes = written.act.notes if written else None
    details = {"entity": {"uuid": entity.entity_id, "dataset": place.name, "version": dated.version.number}}
    act = Act(
        action=action, actor_id=dated.author_id, actee=actee, details={**details, **tell_source(dated)}, notes=notes
    )
    return Audit(number, act, dated.at)


def tell_source(dated: DatedVersion) -> dict[str, object]:
    """Say where a version came from: the submission, or what the person said of it, such as the name of a file."""
    if dated.is_of_submission:
        return {"submission": {"instanceId": dated.instance_id, "xmlFormId": dated.form_id}}
    return {"name": dated.source} if dated.source else {}
