"""People's accounts, as ODK Central's REST has them.

GET, POST /v1/users · GET /v1/users/current · GET, PATCH, DELETE /v1/users/{id} · PUT /v1/users/{id}/password
POST /v1/users/reset/initiate · POST /v1/users/reset/verify
"""

from typing import Any

from flask import Blueprint, request

from sync_server.account_errors import AuthenticationFailed, ResetCodeOver
from sync_server.errors import InsufficientRights
from sync_server.protocols.authentication import (
    current_node,
    current_session_token,
    require_actor,
    slow_down_guessing,
)
from sync_server.protocols.central_sessions import SUCCESS, read_json, read_text, write_actor
from sync_server.protocols.endpoint import central_endpoint
from sync_server.protocols.schemas_accounts import (
    ActorSchema,
    CurrentUserSchema,
    NewPasswordSchema,
    NewUserSchema,
    PasswordChangeSchema,
    ResetRequestSchema,
    SuccessSchema,
    UserPatchSchema,
)
from sync_server.protocols.shapes import EXTENDED, Asked
from sync_server.services import access, change_account, reset_password, sign_in, user_preferences, users
from sync_server.services.tablet_address import root_url
from sync_server.store.accounts import Actor

blueprint = Blueprint("central_users", __name__)

_SEARCH = Asked("q", "string", "Who has this in the name or e-mail; without user.list: exactly this e-mail.")
_INVALIDATE = Asked("invalidate", "string", "`true` makes the password of now worthless.", ("true", "false"))


@blueprint.get("/v1/users")
@central_endpoint(
    signed_in="whom one may know: with user.list all, else who has exactly the e-mail ?q=",
    is_for_people=True,
    answers=[ActorSchema],
    asks=(_SEARCH,),
)
def get_users() -> list[dict[str, Any]]:
    found = change_account.find_users(current_node(), require_actor(), request.args.get("q"))
    return [write_actor(user) for user in found]


@blueprint.post("/v1/users")
@central_endpoint(verb="user.create", takes=NewUserSchema, answers=ActorSchema)
def post_user() -> dict[str, Any]:
    node, body = current_node(), read_json('{"email": "sara@example.org"}')
    password = read_text(body, "password") if body.get("password") is not None else None
    name = read_text(body, "displayName") if body.get("displayName") is not None else ""
    user = users.add_user(node, require_actor(), read_text(body, "email"), password, display_name=name)
    reset_password.welcome_user(node, user, root=_root())
    return write_actor(user)


@blueprint.get("/v1/users/current")
@central_endpoint(signed_in="shows who asks", answers=CurrentUserSchema, asks=(EXTENDED,))
def get_current_user() -> dict[str, Any]:
    actor = require_actor()
    return {**write_actor(actor), **_extended(actor)}


@blueprint.get("/v1/users/<int:user_id>")
@central_endpoint(verb="user.read", own="user_id", answers=ActorSchema)
def get_user(user_id: int) -> dict[str, Any]:
    return write_actor(change_account.read_user(current_node(), require_actor(), user_id))


@blueprint.patch("/v1/users/<int:user_id>")
@central_endpoint(verb="user.update", own="user_id", takes=UserPatchSchema, answers=ActorSchema)
def patch_user(user_id: int) -> dict[str, Any]:
    body = read_json('{"displayName": "Sara"}')
    given = {name: read_text(body, name) for name in ("email", "displayName") if body.get(name) is not None}
    changed = change_account.change_user(
        current_node(), require_actor(), user_id, email=given.get("email"), display_name=given.get("displayName")
    )
    return write_actor(changed)


@blueprint.delete("/v1/users/<int:user_id>")
@central_endpoint(verb="user.delete", answers=SuccessSchema)
def delete_user(user_id: int) -> dict[str, bool]:
    change_account.delete_user(current_node(), require_actor(), user_id)
    return SUCCESS


@blueprint.put("/v1/users/<int:user_id>/password")
@central_endpoint(verb="user.update", own="user_id", takes=PasswordChangeSchema, answers=SuccessSchema)
def put_password(user_id: int) -> dict[str, bool]:
    actor, body = require_actor(), read_json('{"old": "…", "new": "…"}')
    old, new = read_text(body, "old"), read_text(body, "new")
    user = change_account.read_user(current_node(), actor, user_id)
    with slow_down_guessing(user.email or ""):
        change_account.change_password(
            current_node(), actor, user_id, old=old, new=new, keep_token=current_session_token() or ""
        )
    return SUCCESS


@blueprint.post("/v1/users/reset/initiate")
@central_endpoint(
    anyone="asking for a new password tells nothing; ?invalidate= needs user.password.invalidate",
    takes=ResetRequestSchema,
    answers=SuccessSchema,
    asks=(_INVALIDATE,),
    also=(401, 403),
)
def post_reset_initiate() -> dict[str, bool]:
    node, email = current_node(), read_text(read_json('{"email": "sara@example.org"}'), "email")
    if request.args.get("invalidate", "").lower() == "true":
        # First whether one may, then whether there is such an account: the answer must not tell.
        reset_password.invalidate_password(node, require_actor(), email)
    reset_password.ask_reset(node, email, root=_root())
    return SUCCESS


@blueprint.post("/v1/users/reset/verify")
@central_endpoint(
    anyone="the code for a new password is the proof", takes=NewPasswordSchema, answers=SuccessSchema, also=(401, 403)
)
def post_reset_verify() -> dict[str, bool]:
    """Set a password by a code, which comes as the Bearer token; a session's token is none."""
    scheme, _, code = request.headers.get("Authorization", "").partition(" ")
    code = code.strip() if scheme.lower() == "bearer" else request.args.get("st", "")
    if not code or sign_in.find_session(current_node(), code) is not None:
        raise InsufficientRights
    password = read_text(read_json('{"new": "…"}'), "new")
    try:
        reset_password.use_reset_code(current_node(), code, password)
    except ResetCodeOver as error:
        raise AuthenticationFailed from error  # Central's answer to a token that is worth nothing
    return SUCCESS


def _extended(actor: Actor) -> dict[str, Any]:
    if request.headers.get("X-Extended-Metadata", "").lower() != "true":
        return {}
    node = current_node()
    kept = user_preferences.get_preferences(node, actor)
    projects = {str(project_id): values for project_id, values in kept.projects.items()}
    return {
        "verbs": access.scope_of(node, actor).verbs(),
        "preferences": {"site": kept.site, "projects": projects},
    }


def _root() -> str:
    """The address of links in e-mails: never the one a request names, which its sender may make up."""
    return root_url(current_node().settings)
