"""Sign in and out as ODK Central's REST does.

POST /v1/sessions · GET /v1/sessions/restore · DELETE /v1/sessions/current · DELETE /v1/sessions/{token}
"""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sync_server.account_errors import NoSession
from sync_server.errors import InsufficientRights, MissingParameter, UnreadableJson
from sync_server.protocols.authentication import (
    current_node,
    current_session_token,
    require_actor,
    slow_down_guessing,
)
from sync_server.protocols.endpoint import central_endpoint
from sync_server.protocols.json_bodies import parse_json
from sync_server.protocols.schemas_accounts import (
    NewSessionSchema,
    SessionSchema,
    SignInSchema,
    SuccessSchema,
)
from sync_server.protocols.session_cookies import clear_session_cookies, set_session_cookies
from sync_server.services import access, devices, public_links, sign_in
from sync_server.services.sign_in import NewSession
from sync_server.store.accounts import Actor, SignIn

blueprint = Blueprint("central_sessions", __name__)

SUCCESS = {"success": True}
LONGEST_JSON = 1_000_000  # bytes: a stranger who signs in must not fill the memory


@blueprint.post("/v1/sessions")
@central_endpoint(anyone="signing in", takes=SignInSchema, answers=NewSessionSchema, also=(401, 403, 429))
def post_session() -> Response:
    body = read_json('{"email": "sara@example.org", "password": "…"}')
    email, password, code = read_text(body, "email"), read_text(body, "password"), body.get("code")
    with slow_down_guessing(email):
        new = sign_in.create_session(current_node(), email, password, code=code if isinstance(code, str) else "")
    response = jsonify({"token": new.token, "csrf": new.csrf, **_write_session(new)})
    set_session_cookies(response, new)
    return response


@blueprint.get("/v1/sessions/restore")
@central_endpoint(anyone="tells of the request's own session; 404 without one", answers=SessionSchema, also=(404,))
def get_session() -> dict[str, str]:
    found = sign_in.find_session(current_node(), current_session_token() or "")
    if found is None:
        raise NoSession(session=None)
    return _write_session(found)


@blueprint.delete("/v1/sessions/current")
@central_endpoint(signed_in="ends the session of the request", answers=SuccessSchema)
def delete_current_session() -> Response:
    require_actor()
    sign_in.end_session(current_node(), current_session_token() or "")
    return _signed_out()


@blueprint.delete("/v1/sessions/<session_token>")
@central_endpoint(signed_in="one's own session; another's with session.end", answers=SuccessSchema)
def delete_session(session_token: str) -> Response:
    """End a session, or revoke an app user or a public link, by its token; 403 for a token nobody has."""
    actor, node = require_actor(), current_node()
    device, link = devices.find_device(node, session_token), public_links.find_link(node, session_token)
    if link is not None:
        public_links.revoke_link(node, actor, link)
        return jsonify(SUCCESS)
    if device is not None:
        devices.revoke_device(node, actor, device.id)
        return jsonify(SUCCESS)
    found = sign_in.find_session(node, session_token)
    if found is None or not (found.actor.id == actor.id or access.may(node, actor, "session.end")):
        raise InsufficientRights
    sign_in.end_session(node, session_token, by=actor)
    return _signed_out() if session_token == current_session_token() else jsonify(SUCCESS)


def read_json(example: str) -> dict[str, Any]:
    """Read the request's JSON object, whatever its Content-Type says; raise UnreadableJson."""
    if (request.content_length or 0) > LONGEST_JSON:
        raise UnreadableJson(example=example)
    try:
        body = parse_json(request.get_data())
    except ValueError as error:
        raise UnreadableJson(example=example) from error
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
