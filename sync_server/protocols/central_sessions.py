"""Sign in and out, and manage a project's app users, as ODK Central's REST does.

POST /v1/sessions · GET /v1/sessions/restore · DELETE /v1/sessions/current · DELETE /v1/sessions/{token}
GET, POST /v1/projects/{id}/app-users · GET, DELETE /v1/projects/{id}/app-users/{id}
"""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sync_server.errors import InsufficientRights, MissingParameter, NoSession, NotFound, UnreadableJson
from sync_server.protocols.authentication import (
    current_node,
    current_session_token,
    require_actor,
    slow_down_guessing,
)
from sync_server.protocols.endpoint import central_endpoint
from sync_server.protocols.session_cookies import clear_session_cookies, set_session_cookies
from sync_server.services import access, devices, sign_in
from sync_server.services.sign_in import NewSession
from sync_server.store.accounts import Actor, SignIn

blueprint = Blueprint("central_sessions", __name__)

SUCCESS = {"success": True}
LONGEST_JSON = 1_000_000  # bytes: a stranger who signs in must not fill the memory


@blueprint.post("/v1/sessions")
@central_endpoint(anyone="signing in")
def post_session() -> Response:
    body = read_json('{"email": "sara@example.org", "password": "…"}')
    email, password, code = read_text(body, "email"), read_text(body, "password"), body.get("code")
    with slow_down_guessing(email):
        new = sign_in.create_session(current_node(), email, password, code=code if isinstance(code, str) else "")
    response = jsonify({"token": new.token, "csrf": new.csrf, **_write_session(new)})
    set_session_cookies(response, new)
    return response


@blueprint.get("/v1/sessions/restore")
@central_endpoint(anyone="tells of the request's own session; 404 without one")
def get_session() -> dict[str, str]:
    found = sign_in.find_session(current_node(), current_session_token() or "")
    if found is None:
        raise NoSession(session=None)
    return _write_session(found)


@blueprint.delete("/v1/sessions/current")
@central_endpoint(signed_in="ends the session of the request")
def delete_current_session() -> Response:
    require_actor()
    sign_in.end_session(current_node(), current_session_token() or "")
    return _signed_out()


@blueprint.delete("/v1/sessions/<session_token>")
@central_endpoint(signed_in="one's own session; another's with session.end")
def delete_session(session_token: str) -> Response:
    """End a session, or revoke an app user, by its token; 403 for a token nobody has."""
    actor, node = require_actor(), current_node()
    device = devices.find_device(node, session_token)
    if device is not None:
        devices.revoke_device(node, actor, device.id)
        return jsonify(SUCCESS)
    found = sign_in.find_session(node, session_token)
    if found is None or not (found.actor.id == actor.id or access.may(node, actor, "session.end")):
        raise InsufficientRights
    sign_in.end_session(node, session_token, by=actor)
    return _signed_out() if session_token == current_session_token() else jsonify(SUCCESS)


@blueprint.get("/v1/projects/<int:project_id>/app-users")
@central_endpoint(verb="field_key.list")
def get_app_users(project_id: int) -> list[dict[str, Any]]:
    actor = require_actor()
    found = devices.list_devices(current_node(), actor, project_id)
    return [_write_app_user(device, actor) for device in found]


@blueprint.post("/v1/projects/<int:project_id>/app-users")
@central_endpoint(verb="field_key.create")
def post_app_user(project_id: int) -> dict[str, Any]:
    """Add an app user, which gets no form before one is assigned to it, as in ODK Central."""
    actor = require_actor()
    name = read_text(read_json('{"displayName": "Tablet 7"}'), "displayName")
    device, _ = devices.add_device(current_node(), actor, name, project_id, has_all_forms=False)
    return _write_app_user(device, actor)


@blueprint.get("/v1/projects/<int:project_id>/app-users/<int:device_id>")
@central_endpoint(verb="field_key.list")
def get_app_user(project_id: int, device_id: int) -> dict[str, Any]:
    actor = require_actor()
    return _write_app_user(_get_device(actor, project_id, device_id), actor)


@blueprint.delete("/v1/projects/<int:project_id>/app-users/<int:device_id>")
@central_endpoint(verb="field_key.delete")
def delete_app_user(project_id: int, device_id: int) -> dict[str, bool]:
    actor = require_actor()
    devices.delete_device(current_node(), actor, _get_device(actor, project_id, device_id).id)
    return SUCCESS


def read_json(example: str) -> dict[str, Any]:
    """Read the request's JSON object, whatever its Content-Type says; raise UnreadableJson."""
    if (request.content_length or 0) > LONGEST_JSON:
        raise UnreadableJson(example=example)
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise UnreadableJson(example=example)
    return body


def write_time(moment: datetime) -> str:
    """Write a moment as Central does: UTC, milliseconds, Z."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _write_session(session: NewSession | SignIn) -> dict[str, str]:
    return {"createdAt": write_time(session.created_at), "expiresAt": write_time(session.expires_at)}


def _signed_out() -> Response:
    response = jsonify(SUCCESS)
    clear_session_cookies(response)
    return response


def _get_device(actor: Actor, project_id: int, device_id: int) -> Actor:
    device = devices.get_device(current_node(), actor, device_id)
    if device.project_id != project_id:
        raise NotFound
    return device


def read_text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise MissingParameter(field=name)
    return value.replace("\0", "\ufffd")


def write_actor(actor: Actor) -> dict[str, Any]:
    written = {
        "id": actor.id,
        "type": actor.type,
        "displayName": actor.display_name,
        "createdAt": write_time(actor.created_at),
        "updatedAt": write_time(actor.updated_at) if actor.updated_at else None,
        "deletedAt": None,
    }
    return {**written, "email": actor.email} if actor.email else written


def _token(device: Actor, actor: Actor) -> str | None:
    """Return a tablet's token to those who could make one; for others, and once revoked, it has none."""
    may_see = access.may(current_node(), actor, "field_key.create", project_id=device.project_id)
    return devices.show_token(current_node(), actor, device.id) if may_see and not device.is_revoked else None


def _write_app_user(device: Actor, actor: Actor) -> dict[str, Any]:
    """Write an app user with its token; null says that it was revoked."""
    written = {
        **write_actor(device),
        "projectId": device.project_id,
        "token": _token(device, actor),
    }
    if request.headers.get("X-Extended-Metadata", "").lower() == "true":
        written["lastUsed"] = write_time(device.last_used_at) if device.last_used_at else None
    return written
