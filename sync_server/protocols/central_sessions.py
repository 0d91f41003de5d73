"""Sign in and out, and manage a project's app users, as ODK Central's REST does.

POST /v1/sessions · DELETE /v1/sessions/current · DELETE /v1/sessions/{token} · GET /v1/users/current
GET, POST /v1/projects/{id}/app-users · GET, DELETE /v1/projects/{id}/app-users/{id}
"""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sync_server.errors import InsufficientRights, MissingParameter, NotFound, UnreadableJson
from sync_server.protocols.authentication import (
    current_node,
    current_session_token,
    require_actor,
    require_administrator,
    session_cookie,
    slow_down_guessing,
)
from sync_server.protocols.endpoint import central_endpoint
from sync_server.services import access, devices
from sync_server.store.accounts import Actor

blueprint = Blueprint("central_sessions", __name__)

SUCCESS = {"success": True}
LONGEST_JSON = 1_000_000  # bytes: a stranger who signs in must not fill the memory


@blueprint.post("/v1/sessions")
@central_endpoint
def post_session() -> Response:
    body = read_json('{"email": "sara@example.org", "password": "…"}')
    email, password = _text(body, "email"), _text(body, "password")
    with slow_down_guessing(email):
        session = access.create_session(current_node(), email, password)
    response = jsonify(
        token=session.token,
        csrf=session.csrf,
        createdAt=write_time(session.created_at),
        expiresAt=write_time(session.expires_at),
    )
    response.set_cookie(
        session_cookie(),
        session.token,
        expires=session.expires_at,
        httponly=True,
        samesite="Strict",
        secure=request.is_secure,
        path="/",
    )
    return response


@blueprint.delete("/v1/sessions/current")
@central_endpoint
def delete_current_session() -> Response:
    require_actor()
    access.end_session(current_node(), current_session_token() or "")
    response = jsonify(SUCCESS)
    response.delete_cookie(session_cookie(), path="/", secure=request.is_secure, httponly=True, samesite="Strict")
    return response


@blueprint.delete("/v1/sessions/<session_token>")
@central_endpoint
def delete_session(session_token: str) -> dict[str, bool]:
    """End one's own session, or, for an administrator, revoke an app user; 403 for a token nobody has."""
    actor, node = require_actor(), current_node()
    device = devices.find_device(node, session_token)
    if device is not None:
        devices.revoke_device(node, actor, device.id)
        return SUCCESS
    found = access.find_session(node, session_token)
    if found is None or found.actor.id != actor.id:
        raise InsufficientRights
    access.end_session(node, session_token)
    return SUCCESS


@blueprint.get("/v1/users/current")
@central_endpoint
def get_current_user() -> dict[str, Any]:
    return write_actor(require_actor())


@blueprint.get("/v1/projects/<int:project_id>/app-users")
@central_endpoint
def get_app_users(project_id: int) -> list[dict[str, Any]]:
    actor = require_administrator()
    found = devices.list_devices(current_node(), actor, project_id)
    return [_write_app_user(device, actor) for device in found]


@blueprint.post("/v1/projects/<int:project_id>/app-users")
@central_endpoint
def post_app_user(project_id: int) -> dict[str, Any]:
    actor = require_administrator()
    name = _text(read_json('{"displayName": "Tablet 7"}'), "displayName")
    device, _ = devices.add_device(current_node(), actor, name, project_id)
    return _write_app_user(device, actor)


@blueprint.get("/v1/projects/<int:project_id>/app-users/<int:device_id>")
@central_endpoint
def get_app_user(project_id: int, device_id: int) -> dict[str, Any]:
    actor = require_administrator()
    return _write_app_user(_get_device(actor, project_id, device_id), actor)


@blueprint.delete("/v1/projects/<int:project_id>/app-users/<int:device_id>")
@central_endpoint
def delete_app_user(project_id: int, device_id: int) -> dict[str, bool]:
    actor = require_administrator()
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


def write_actor(actor: Actor) -> dict[str, Any]:
    """Write somebody as Central does."""
    written = {
        "id": actor.id,
        "type": actor.type,
        "displayName": actor.display_name,
        "createdAt": write_time(actor.created_at),
        "updatedAt": None,
        "deletedAt": None,
    }
    return {**written, "email": actor.email} if actor.email else written


def _get_device(actor: Actor, project_id: int, device_id: int) -> Actor:
    device = devices.get_device(current_node(), actor, device_id)
    if device.project_id != project_id:
        raise NotFound
    return device


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise MissingParameter(field=name)
    return value.replace("\0", "\ufffd")


def _write_app_user(device: Actor, actor: Actor) -> dict[str, Any]:
    """Write an app user with its token; null says that it was revoked."""
    written = {
        **write_actor(device),
        "projectId": device.project_id,
        "token": None if device.is_revoked else devices.show_token(current_node(), actor, device.id),
    }
    if request.headers.get("X-Extended-Metadata", "").lower() == "true":
        written["lastUsed"] = write_time(device.last_used_at) if device.last_used_at else None
    return written
