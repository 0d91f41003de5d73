"""What people set for themselves, as ODK Central's REST has it: PUT, DELETE /v1/user-preferences/…"""

from typing import Any

from flask import Blueprint

from sync_server.errors import MissingParameter
from sync_server.protocols.authentication import current_node, require_actor
from sync_server.protocols.central_sessions import SUCCESS, read_json
from sync_server.protocols.endpoint import central_endpoint
from sync_server.protocols.schemas_accounts import PreferenceSchema, SuccessSchema
from sync_server.services import user_preferences

blueprint = Blueprint("central_preferences", __name__)

_SITE = "/v1/user-preferences/site/<property_name>"
_PROJECT = "/v1/user-preferences/project/<int:project_id>/<property_name>"
_OWN = "sets one's own preferences"


@blueprint.put(_SITE)
@central_endpoint(signed_in=_OWN, is_for_people=True, takes=PreferenceSchema, answers=SuccessSchema)
def put_site_preference(property_name: str) -> dict[str, bool]:
    user_preferences.set_preference(current_node(), require_actor(), property_name, _value())
    return SUCCESS


@blueprint.delete(_SITE)
@central_endpoint(signed_in=_OWN, is_for_people=True, answers=SuccessSchema)
def delete_site_preference(property_name: str) -> dict[str, bool]:
    user_preferences.delete_preference(current_node(), require_actor(), property_name)
    return SUCCESS


@blueprint.put(_PROJECT)
@central_endpoint(signed_in=_OWN, is_for_people=True, takes=PreferenceSchema, answers=SuccessSchema)
def put_project_preference(project_id: int, property_name: str) -> dict[str, bool]:
    user_preferences.set_preference(current_node(), require_actor(), property_name, _value(), project_id=project_id)
    return SUCCESS


@blueprint.delete(_PROJECT)
@central_endpoint(signed_in=_OWN, is_for_people=True, answers=SuccessSchema)
def delete_project_preference(project_id: int, property_name: str) -> dict[str, bool]:
    user_preferences.delete_preference(current_node(), require_actor(), property_name, project_id=project_id)
    return SUCCESS


def _value() -> Any:
    """Return the value, which may be any JSON, null too."""
    body = read_json('{"propertyValue": true}')
    if "propertyValue" not in body:
        raise MissingParameter(field="propertyValue")
    return body["propertyValue"]
