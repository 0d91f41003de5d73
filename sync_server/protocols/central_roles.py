"""Roles and who has them, as ODK Central's REST has it.

GET /v1/roles · GET /v1/roles/{id} · GET …/assignments · GET …/assignments/{role}
POST, DELETE …/assignments/{role}/{actor} · GET /v1/projects/{id}/assignments/forms[/{role}]
where … is /v1, /v1/projects/{id} or /v1/projects/{id}/forms/{formId}

A role is named by its number or its system name. Beyond Central: POST may narrow the role to `rows` and a `level`, in
the query or a JSON body, and lists show both where they are set.
"""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, request

from sync_server.core.roles import ROLES, Role, find_role
from sync_server.core.scope import Grant
from sync_server.core.sensitivity import Level
from sync_server.errors import NotFound, UnexpectedValue
from sync_server.protocols.authentication import current_node, require_actor
from sync_server.protocols.central_sessions import SUCCESS, read_json, write_actor
from sync_server.protocols.endpoint import central_endpoint
from sync_server.protocols.extended import is_extended
from sync_server.protocols.schemas_accounts import ActorSchema, SuccessSchema
from sync_server.protocols.schemas_site import AssignmentSchema, FormAssignmentSchema, NarrowingSchema, RoleSchema
from sync_server.protocols.shapes import EXTENDED, Asked
from sync_server.services import assign_roles
from sync_server.store.assignments import Assignment

blueprint = Blueprint("central_roles", __name__)

WORDS = tuple(level.word for level in Level)
_PROJECT = "/v1/projects/<int:project_id>"
_FORM = f"{_PROJECT}/forms/<form_id>"
_HERE = "/assignments/<role_id>"
_ROWS = Asked("rows", "string", "Of which rows alone, as a filter; beyond ODK Central.")
_LEVEL = Asked("level", "string", "How sensitive answers it shows at most; beyond ODK Central.", WORDS)
_GRANT = f"{_HERE}/<int:actor_id>"


@blueprint.get("/v1/roles")
@central_endpoint(anyone="what each role may do is no secret", answers=[RoleSchema])
def get_roles() -> list[dict[str, Any]]:
    return [_write_role(role) for role in ROLES]


@blueprint.get("/v1/roles/<role_id>")
@central_endpoint(anyone="what each role may do is no secret", answers=RoleSchema)
def get_role(role_id: str) -> dict[str, Any]:
    return _write_role(_role(role_id))


@blueprint.get("/v1/assignments")
@blueprint.get(f"{_PROJECT}/assignments")
@blueprint.get(f"{_FORM}/assignments")
@central_endpoint(verb="assignment.list", answers=[AssignmentSchema], asks=(EXTENDED,))
def get_assignments(project_id: int | None = None, form_id: str | None = None) -> list[dict[str, Any]]:
    assign_roles.require_form(current_node(), project_id, form_id)
    return _write_all(assign_roles.list_assignments(current_node(), require_actor(), project_id, form_id))


@blueprint.get(f"/v1{_HERE}")
@blueprint.get(f"{_PROJECT}{_HERE}")
@blueprint.get(f"{_FORM}{_HERE}")
@central_endpoint(verb="assignment.list", answers=[ActorSchema])
def get_holders(role_id: str, project_id: int | None = None, form_id: str | None = None) -> list[dict[str, Any]]:
    """List who has a role on exactly this place."""
    role = _role(role_id)
    assign_roles.require_form(current_node(), project_id, form_id)
    found = assign_roles.list_assignments(current_node(), require_actor(), project_id, form_id)
    holders = [each.actor_id for each in found if each.grant.role is role]
    actors = assign_roles.find_actors(current_node(), holders)
    return [write_actor(actors[actor_id]) for actor_id in holders]


@blueprint.get(f"{_PROJECT}/assignments/forms")
@blueprint.get(f"{_PROJECT}/assignments/forms/<role_id>")
@central_endpoint(verb="assignment.list", answers=[FormAssignmentSchema], asks=(EXTENDED,))
def get_form_assignments(project_id: int, role_id: str | None = None) -> list[dict[str, Any]]:
    """List who has what on any form of a project."""
    role = _role(role_id) if role_id is not None else None
    found = assign_roles.list_form_assignments(current_node(), require_actor(), project_id)
    return _write_all((each for each in found if role in (None, each.grant.role)), names_form=True)


@blueprint.post(f"/v1{_GRANT}")
@blueprint.post(f"{_PROJECT}{_GRANT}")
@blueprint.post(f"{_FORM}{_GRANT}")
@central_endpoint(verb="assignment.create", takes=NarrowingSchema, answers=SuccessSchema, asks=(_ROWS, _LEVEL))
def post_assignment(
    role_id: str, actor_id: int, project_id: int | None = None, form_id: str | None = None
) -> dict[str, bool]:
    assign_roles.require_form(current_node(), project_id, form_id)
    rows, level = _read_narrowing()
    grant = Grant(_role(role_id), project_id, form_id, rows, level)
    assign_roles.assign_role(current_node(), require_actor(), actor_id, grant)
    return SUCCESS


@blueprint.delete(f"/v1{_GRANT}")
@blueprint.delete(f"{_PROJECT}{_GRANT}")
@blueprint.delete(f"{_FORM}{_GRANT}")
@central_endpoint(verb="assignment.delete", answers=SuccessSchema)
def delete_assignment(
    role_id: str, actor_id: int, project_id: int | None = None, form_id: str | None = None
) -> dict[str, bool]:
    assign_roles.unassign_role(
        current_node(), require_actor(), actor_id, _role(role_id), project_id=project_id, form_id=form_id
    )
    return SUCCESS


def _role(role_id: str) -> Role:
    """Find a role; raise NotFound."""
    role = find_role(role_id) if len(role_id) < 20 and (role_id.isascii() or not role_id.isdecimal()) else None
    if role is None:
        raise NotFound
    return role


def _read_narrowing() -> tuple[str | None, Level | None]:
    """Read `rows` and `level` from the body, else from the query. Central's clients send neither, nor a body."""
    body = read_json('{"rows": "meeting/adm2 eq \'IQ-NI-03\'", "level": "high"}') if request.get_data() else {}
    rows, word = (body.get(name, request.args.get(name)) or None for name in ("rows", "level"))
    if rows is not None and (not isinstance(rows, str) or "\0" in rows):
        raise UnexpectedValue(field="rows", value=str(rows)[:40], reason="it must be a filter, written as text.")
    if word is None:
        return rows, None
    if not isinstance(word, str) or word.upper() not in Level.__members__:
        raise UnexpectedValue(field="level", value=str(word)[:40], reason=f"it must be one of {', '.join(WORDS)}.")
    return rows, Level[word.upper()]


def _write_role(role: Role) -> dict[str, Any]:
    return {
        "id": role.id, "name": role.name, "system": role.system, "verbs": sorted(role.verbs),
        "createdAt": None, "updatedAt": None,
    }  # fmt: skip


def _write_all(found: Iterable[Assignment], *, names_form: bool = False) -> list[dict[str, Any]]:
    listed = list(found)
    actors = assign_roles.find_actors(current_node(), [each.actor_id for each in listed]) if is_extended() else {}
    return [
        {
            **({"actor": write_actor(actors[each.actor_id])} if actors else {"actorId": each.actor_id}),
            "roleId": each.grant.role.id,
            **({"xmlFormId": each.grant.form_id} if names_form else {}),
            **_write_narrowing(each.grant),
        }
        for each in listed
    ]


def _write_narrowing(grant: Grant) -> dict[str, str]:
    level = grant.level.word if grant.level is not None else None
    return {name: value for name, value in (("rows", grant.rows), ("level", level)) if value is not None}
