"""A project's tablets (app users), as ODK Central's REST has them.

GET, POST /v1/projects/{id}/app-users · GET, PATCH, DELETE /v1/projects/{id}/app-users/{id}

A new one has no form: each is assigned to it (…/forms/{formId}/assignments/app-user/{id}), or all of the project at
once (/v1/projects/{id}/assignments/app-user/{id}). The token is shown to those who could make one.
"""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint

from sync_server.errors import NotFound
from sync_server.peer_errors import CodeAtHome
from sync_server.protocols.authentication import current_node, require_actor
from sync_server.protocols.central_sessions import SUCCESS, read_json, read_text, write_actor, write_time
from sync_server.protocols.endpoint import central_endpoint
from sync_server.protocols.extended import is_extended
from sync_server.protocols.schemas_accounts import SuccessSchema
from sync_server.protocols.schemas_projects import AppUserDetailsSchema, NewAppUserDetailsSchema, PropertiesPatchSchema
from sync_server.protocols.shapes import EXTENDED
from sync_server.services import access, devices
from sync_server.services.actor_properties import read_values
from sync_server.store.accounts import Actor

blueprint = Blueprint("central_app_users", __name__, url_prefix="/v1/projects/<int:project_id>/app-users")


@blueprint.get("")
@central_endpoint(verb="field_key.list", answers=[AppUserDetailsSchema], asks=(EXTENDED,))
def get_app_users(project_id: int) -> list[dict[str, Any]]:
    actor = require_actor()
    return _write(devices.list_devices(current_node(), actor, project_id), actor, is_extended=is_extended())


@blueprint.post("")
@central_endpoint(
    verb="field_key.create", takes=NewAppUserDetailsSchema, answers=AppUserDetailsSchema, asks=(EXTENDED,)
)
def post_app_user(project_id: int) -> dict[str, Any]:
    actor, body = require_actor(), read_json('{"displayName": "Tablet 7"}')
    device, _ = devices.add_device(
        current_node(), actor, read_text(body, "displayName"), project_id,
        has_all_forms=False, properties=read_values(body.get("properties") or {}),
    )  # fmt: skip
    return _write([device], actor, is_extended=is_extended())[0]


@blueprint.get("/<int:device_id>")
@central_endpoint(verb="field_key.list", answers=AppUserDetailsSchema, asks=(EXTENDED,))
def get_app_user(project_id: int, device_id: int) -> dict[str, Any]:
    actor = require_actor()
    return _write([_get_device(actor, project_id, device_id)], actor, is_extended=is_extended())[0]


@blueprint.patch("/<int:device_id>")
@central_endpoint(verb="field_key.update", takes=PropertiesPatchSchema, answers=AppUserDetailsSchema)
def patch_app_user(project_id: int, device_id: int) -> dict[str, Any]:
    """Set properties; the answer is the extended one."""
    actor, body = require_actor(), read_json('{"properties": {"region": "North"}}')
    device = _get_device(actor, project_id, device_id)
    devices.change_device(current_node(), actor, device.id, read_values(body.get("properties") or {}))
    return _write([_get_device(actor, project_id, device_id)], actor, is_extended=True)[0]


@blueprint.delete("/<int:device_id>")
@central_endpoint(verb="field_key.delete", answers=SuccessSchema)
def delete_app_user(project_id: int, device_id: int) -> dict[str, bool]:
    actor = require_actor()
    devices.delete_device(current_node(), actor, _get_device(actor, project_id, device_id).id)
    return SUCCESS


def _get_device(actor: Actor, project_id: int, device_id: int) -> Actor:
    device = devices.get_device(current_node(), actor, device_id)
    if device.project_id != project_id:
        raise NotFound
    return device


def _token(device: Actor, actor: Actor) -> str | None:
    may_see = access.may(current_node(), actor, "field_key.create", project_id=device.project_id)
    if device.is_revoked or not may_see:
        return None
    try:
        return devices.show_token(current_node(), actor, device.id)
    except CodeAtHome:  # null, as for everybody who may not see it: the tablet is another node's
        return None


def _write(found: Sequence[Actor], actor: Actor, *, is_extended: bool) -> list[dict[str, Any]]:
    """Write app users with their tokens; null says that one was revoked."""
    notes = devices.find_notes(current_node(), [device.id for device in found]) if is_extended else None
    written = []
    for device in found:
        each = {**write_actor(device), "projectId": device.project_id, "token": _token(device, actor)}
        if notes is not None:
            by = notes.created_by.get(device.id)
            each["createdBy"] = write_actor(by) if by else None
            each["lastUsed"] = write_time(device.last_used_at) if device.last_used_at else None
            each["properties"] = notes.properties.get(device.id)
        written.append(each)
    return written
