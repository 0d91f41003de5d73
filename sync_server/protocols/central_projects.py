"""Projects, as ODK Central's REST has them.

GET, POST /v1/projects · GET, PATCH, PUT, DELETE /v1/projects/{id} · POST /v1/projects/{id}/key

PUT sets everything it does not name to nothing. POST …/key turns encryption on, once and for ever; it answers with the
project, as Central's description has it, and `success`, as its program does.
"""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, request

from sync_server.core.roles import find_role
from sync_server.errors import MissingParameter, UnexpectedValue, UnknownReference
from sync_server.protocols.authentication import current_node, require_actor
from sync_server.protocols.central_datasets import write_datasets
from sync_server.protocols.central_sessions import SUCCESS, read_json, read_text, write_time
from sync_server.protocols.endpoint import central_endpoint, current_scope
from sync_server.protocols.extended import is_extended
from sync_server.protocols.schemas import FormSchema, ShownVersion
from sync_server.protocols.schemas_accounts import SuccessSchema
from sync_server.protocols.schemas_projects import (
    NewKeySchema,
    NewProjectSchema,
    ProjectPatchSchema,
    ProjectPutSchema,
    ProjectSchema,
    SealedProjectSchema,
    ShownProjectSchema,
)
from sync_server.protocols.shapes import EXTENDED, Asked
from sync_server.services import managed_encryption, projects, update_project
from sync_server.services.projects import ListedForm, ProjectChanges, ShownProject
from sync_server.services.update_project import FormUpdate, Holder
from sync_server.store.projects import Project

blueprint = Blueprint("central_projects", __name__)

_WITH_FORMS = Asked("forms", "string", "`true` adds each project's forms.", ("true", "false"))
_WITH_DATASETS = Asked("datasets", "string", "`true` adds each project's datasets.", ("true", "false"))
_ONE = "/v1/projects/<int:project_id>"


@blueprint.get("/v1/projects")
@central_endpoint(
    anyone="everybody sees the projects they have something in; a stranger sees none",
    answers=[ShownProjectSchema],
    asks=(EXTENDED, _WITH_FORMS, _WITH_DATASETS),
    also=(401, 403),
)
def get_projects() -> list[dict[str, Any]]:
    node, scope = current_node(), current_scope()
    with_forms = request.args.get("forms", "").lower() == "true"
    listed = []
    for shown in projects.list_projects(node, scope):
        written = _write_shown(shown, with_verbs=False)
        if with_forms:
            written["formList"] = _write_forms(shown.project.id)
        if request.args.get("datasets", "").lower() == "true":
            written["datasetList"] = _write_datasets(shown.project.id)
        listed.append(written)
    return listed


@blueprint.post("/v1/projects")
@central_endpoint(verb="project.create", takes=NewProjectSchema, answers=ProjectSchema)
def post_project() -> dict[str, Any]:
    body = read_json('{"name": "Nineveh"}')
    added = projects.add_project(
        current_node(), require_actor(), read_text(body, "name"), description=_description(body)
    )
    return write_project(added)


@blueprint.get(_ONE)
@central_endpoint(verb="project.read", is_somewhere=True, answers=ShownProjectSchema, asks=(EXTENDED,))
def get_project(project_id: int) -> dict[str, Any]:
    shown = projects.get_project(current_node(), require_actor(), project_id)
    return _write_shown(shown, with_verbs=True)


@blueprint.patch(_ONE)
@central_endpoint(verb="project.update", takes=ProjectPatchSchema, answers=ProjectSchema)
def patch_project(project_id: int) -> dict[str, Any]:
    """Change what is named."""
    body = read_json('{"name": "Nineveh", "archived": false}')
    name = read_text(body, "name") if "name" in body else None
    description = (_description(body) or "") if "description" in body else None
    archived = _archived(body) if "archived" in body else None
    changes = ProjectChanges(name=name, description=description, is_archived=archived)
    return write_project(projects.change_project(current_node(), require_actor(), project_id, changes))


@blueprint.put(_ONE)
@central_endpoint(verb="project.update", takes=ProjectPutSchema, answers=ProjectSchema, also=(501,))
def put_project(project_id: int) -> dict[str, Any]:
    """Set the project, its forms' states and who has them, all at once."""
    body = read_json('{"name": "Nineveh", "description": "", "archived": false, "forms": []}')
    changes = ProjectChanges(
        name=read_text(body, "name"), description=_description(body) or "", is_archived=_archived(body)
    )
    forms = _read_forms(body["forms"]) if isinstance(body.get("forms"), list) else None
    return write_project(update_project.update_project(current_node(), require_actor(), project_id, changes, forms))


@blueprint.delete(_ONE)
@central_endpoint(verb="project.delete", answers=SuccessSchema)
def delete_project(project_id: int) -> dict[str, bool]:
    projects.delete_project(current_node(), require_actor(), project_id)
    return SUCCESS


@blueprint.post(f"{_ONE}/key")
@central_endpoint(verb="project.update", takes=NewKeySchema, answers=SealedProjectSchema)
def post_key(project_id: int) -> dict[str, Any]:
    body = read_json('{"passphrase": "…", "hint": "…"}')
    passphrase, hint = read_text(body, "passphrase"), body.get("hint")
    if hint is not None and not isinstance(hint, str):
        raise UnexpectedValue(field="hint", value=str(hint)[:40], reason="it must be text.")
    sealed = managed_encryption.seal_project(
        current_node(), require_actor(), project_id, passphrase, (hint or "").replace("\0", "\ufffd")
    )
    return {**write_project(sealed), **SUCCESS}


def write_project(project: Project) -> dict[str, Any]:
    return {
        "id": project.id,
        "name": project.name,
        "description": project.description,
        "keyId": project.key_id,
        "archived": project.is_archived or None,
        "createdAt": write_time(project.created_at),
        "updatedAt": write_time(project.updated_at) if project.updated_at else None,
        "deletedAt": None,
    }


def _write_shown(shown: ShownProject, *, with_verbs: bool) -> dict[str, Any]:
    written = write_project(shown.project)
    if is_extended():
        newest = shown.counts.last_submission
        written["forms"], written["appUsers"] = shown.counts.forms, shown.counts.app_users
        written["lastSubmission"] = write_time(newest) if newest else None
        newest_entity = shown.counts.last_entity
        written["datasets"] = shown.counts.datasets
        written["lastEntity"] = write_time(newest_entity) if newest_entity else None
        if with_verbs:
            written["verbs"] = list(shown.verbs)
    return written


def _write_forms(project_id: int) -> list[dict[str, Any]]:
    found = projects.list_forms(current_node(), current_scope(), project_id)
    return [{**_form(each), "lastSubmission": write_time(each.newest) if each.newest else None} for each in found]


def _write_datasets(project_id: int) -> list[dict[str, Any]]:
    """Write the lists of a project, for whom may list them."""
    may = current_scope().may("dataset.list", project_id)
    return write_datasets(current_node(), require_actor(), project_id) if may else []


def _form(listed: ListedForm) -> dict[str, Any]:
    written: dict[str, Any] = FormSchema().dump(ShownVersion(listed.form, listed.form.current, listed.key_id))
    return written


def _description(body: dict[str, Any]) -> str | None:
    given = body.get("description")
    if given is not None and not isinstance(given, str):
        raise UnexpectedValue(field="description", value=str(given)[:40], reason="it must be text.")
    return given.replace("\0", "\ufffd") if given else None


def _archived(body: dict[str, Any]) -> bool:
    given = body.get("archived")
    if given not in (None, True, False):
        raise UnexpectedValue(field="archived", value=str(given)[:40], reason="it must be true or false.")
    return bool(given)


def _read_forms(given: Sequence[Any]) -> list[FormUpdate]:
    return [_read_form(each if isinstance(each, dict) else {}) for each in given]


def _read_form(given: dict[str, Any]) -> FormUpdate:
    form_id, state, holders = read_text(given, "xmlFormId"), given.get("state"), given.get("assignments")
    return FormUpdate(form_id, state, [_read_holder(each) for each in holders] if isinstance(holders, list) else None)


def _read_holder(given: Any) -> Holder:
    named = given if isinstance(given, dict) else {}
    for field in ("actorId", "roleId"):
        if named.get(field) is None:
            raise MissingParameter(field=f"assignment {field}")
    role = find_role(named["roleId"]) if isinstance(named["roleId"], int) else None
    if role is None:
        raise UnknownReference(field="roleId", value=str(named["roleId"])[:40])
    if not isinstance(named["actorId"], int) or not 0 < named["actorId"] < 2**31:
        raise UnknownReference(field="actorId", value=str(named["actorId"])[:40])
    return named["actorId"], role
