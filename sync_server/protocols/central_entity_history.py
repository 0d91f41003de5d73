"""What became of one entity, as ODK Central's REST tells it.

GET /v1/projects/{id}/datasets/{list}/entities/{uuid}/versions ?relevantToConflict · …/diffs · …/audits
"""

from typing import Any

from flask import Blueprint

from sync_server.core.entity_history import find_changes
from sync_server.protocols.authentication import current_node, require_actor
from sync_server.protocols.central_datasets import is_true
from sync_server.protocols.central_entities import actor_finder
from sync_server.protocols.central_sessions import write_actor, write_time
from sync_server.protocols.endpoint import central_endpoint
from sync_server.protocols.entity_json import write_versions
from sync_server.protocols.extended import is_extended
from sync_server.protocols.schemas_entities import ChangeSchema, FullVersionSchema
from sync_server.protocols.schemas_submissions import AuditSchema
from sync_server.protocols.shapes import EXTENDED, Asked
from sync_server.services.edit_entities import ListPlace
from sync_server.services.entity_audits import EntityAct, list_entity_acts
from sync_server.services.show_entities import EntityVersions, get_entity

blueprint = Blueprint(
    "central_entity_history",
    __name__,
    url_prefix="/v1/projects/<int:project_id>/datasets/<list_name>/entities/<entity_id>",
)

_RELEVANT = Asked("relevantToConflict", "string", "`true` leaves out what has no part in it.", ("true", "false"))


@blueprint.get("/versions")
@central_endpoint(verb="entity.read", is_filtered=True, answers=[FullVersionSchema], asks=(_RELEVANT, EXTENDED))
def get_versions(project_id: int, list_name: str, entity_id: str) -> Any:
    """List the versions of an entity, the earliest first, with what each changed and whether it is in conflict."""
    found = _find(project_id, list_name, entity_id)
    return write_versions(found, actor_finder(), only_relevant=is_true("relevantToConflict"))


@blueprint.get("/diffs")
@central_endpoint(verb="entity.read", is_filtered=True, answers=[[ChangeSchema]])
def get_diffs(project_id: int, list_name: str, entity_id: str) -> Any:
    """Between each version of an entity and the next: which properties changed, from what to what."""
    found = _find(project_id, list_name, entity_id)
    changes = find_changes([each.version for each in found.versions], found.shown)
    return [[{"propertyName": name, "old": old, "new": new} for name, old, new in each] for each in changes]


@blueprint.get("/audits")
@central_endpoint(verb="entity.read", is_filtered=True, answers=[AuditSchema], asks=(EXTENDED,))
def get_audits(project_id: int, list_name: str, entity_id: str) -> Any:
    """List what was done to an entity, by submissions and by people, the newest first."""
    acts = list_entity_acts(current_node(), ListPlace(project_id, list_name, require_actor()), entity_id)
    return [_write(each, entity_id) for each in acts]


def _find(project_id: int, list_name: str, entity_id: str) -> EntityVersions:
    place = ListPlace(project_id, list_name, require_actor())
    return get_entity(current_node(), place, entity_id, with_deleted=True)


def _write(each: EntityAct, entity_id: str) -> dict[str, Any]:
    act = each.audit.act
    written = {
        "actorId": act.actor_id,
        "action": act.action,
        "acteeId": act.actee,
        "details": dict(act.details),
        "loggedAt": write_time(each.audit.logged_at),
        "notes": act.notes,
    }
    if not is_extended():
        return written
    return {**written, "actor": write_actor(each.actor) if each.actor else None, "actee": {"uuid": entity_id}}
