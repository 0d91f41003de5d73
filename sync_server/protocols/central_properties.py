"""The properties a project notes of its tablets and links: GET, POST /v1/projects/{id}/actor-properties."""

from typing import Any

from flask import Blueprint

from sync_server.protocols.authentication import current_node, require_actor
from sync_server.protocols.central_sessions import SUCCESS, read_json, read_text
from sync_server.protocols.endpoint import central_endpoint
from sync_server.protocols.extended import is_extended
from sync_server.protocols.schemas_accounts import SuccessSchema
from sync_server.protocols.schemas_projects import NewPropertySchema, PropertySchema
from sync_server.protocols.shapes import EXTENDED
from sync_server.services import actor_properties

blueprint = Blueprint("central_properties", __name__, url_prefix="/v1/projects/<int:project_id>/actor-properties")


@blueprint.get("")
@central_endpoint(verb="actor_property.list", answers=[PropertySchema], asks=(EXTENDED,))
def get_properties(project_id: int) -> list[dict[str, Any]]:
    found = actor_properties.list_properties(current_node(), require_actor(), project_id)
    return [{"name": name, **({"values": values} if is_extended() else {})} for name, values in found.items()]


@blueprint.post("")
@central_endpoint(verb="actor_property.create", takes=NewPropertySchema, answers=SuccessSchema)
def post_property(project_id: int) -> dict[str, bool]:
    name = read_text(read_json('{"name": "region"}'), "name")
    actor_properties.add_property(current_node(), require_actor(), project_id, name)
    return SUCCESS
