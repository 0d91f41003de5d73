"""Entity lists as ODK Central's REST has them.

GET, POST /v1/projects/{id}/datasets · GET, PATCH, DELETE …/datasets/{list} · POST …/{list}/properties
DELETE …/{list}/properties/{property} · GET /v1/projects/{id}/trash/datasets/{number}/entities.csv
GET /v1/projects/{id}/forms/{formId}/dataset-diff

Whether a list needs approval decides about what came before, too: nothing has to be converted (Central's ?convert).
"""

from tempfile import TemporaryFile
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request, send_file

from sync_server.core.entity_row import odata_name
from sync_server.core.list_access import OWNER_ONLY, check_access
from sync_server.errors import UnexpectedValue
from sync_server.node import Node
from sync_server.protocols.authentication import current_node, require_actor
from sync_server.protocols.central_sessions import SUCCESS, read_json, read_text, write_time
from sync_server.protocols.endpoint import central_endpoint
from sync_server.protocols.extended import is_extended
from sync_server.protocols.schemas_accounts import SuccessSchema
from sync_server.protocols.schemas_datasets import (
    DatasetDetailsSchema,
    DatasetDiffSchema,
    DatasetPatchSchema,
    DatasetSchema,
    NewDatasetPropertySchema,
    NewDatasetSchema,
)
from sync_server.protocols.shapes import EXTENDED, NOTES, Asked, Content
from sync_server.services import edit_lists, show_lists
from sync_server.services.deleted_lists import find_deleted_list, write_deleted_list
from sync_server.services.edit_entities import ListPlace
from sync_server.services.form_lists import find_written_lists
from sync_server.services.show_lists import ListDetails, ShownList, ShownProperty
from sync_server.store.accounts import Actor
from sync_server.store.forms import Form

blueprint = Blueprint("central_datasets", __name__, url_prefix="/v1/projects/<int:project_id>")

DELETED = Asked("deleted", "string", "`true` gives what was deleted instead.", ("true", "false"))
_ONE = "/datasets/<list_name>"
_CSV = Content(("text/csv",), "what was deleted together with the list")


@blueprint.get("/datasets")
@central_endpoint(verb="dataset.list", answers=[DatasetSchema], asks=(DELETED, EXTENDED))
def get_datasets(project_id: int) -> Any:
    """List the entity lists of a project."""
    actor, wants_deleted = require_actor(), is_true("deleted")
    found = show_lists.list_lists(current_node(), actor, project_id, is_deleted=wants_deleted)
    return [write_list(each, is_full=is_extended()) for each in found]


@blueprint.post("/datasets")
@central_endpoint(verb="dataset.create", takes=NewDatasetSchema, answers=DatasetDetailsSchema, asks=(NOTES,))
def post_dataset(project_id: int) -> Any:
    """Make an entity list."""
    body = read_json('{"name": "forums"}')
    place, settings = ListPlace(project_id, read_text(body, "name"), require_actor()), _read_settings(body)
    check_access(settings.get("access"), ())  # before the list is made, which has no properties yet
    edit_lists.make_list(current_node(), place)
    return _change(current_node(), place, settings)


@blueprint.get(_ONE)
@central_endpoint(verb="dataset.read", answers=DatasetDetailsSchema)
def get_dataset(project_id: int, list_name: str) -> Any:
    """Show an entity list with its properties and the forms that use it."""
    place = ListPlace(project_id, list_name, require_actor())
    return _write_details(show_lists.get_list_details(current_node(), place))


@blueprint.patch(_ONE)
@central_endpoint(verb="dataset.update", takes=DatasetPatchSchema, answers=DatasetDetailsSchema, asks=(NOTES,))
def patch_dataset(project_id: int, list_name: str) -> Any:
    """Set whether it needs approval, and who gets which entities."""
    settings = _read_settings(read_json('{"approvalRequired": true}'))
    return _change(current_node(), ListPlace(project_id, list_name, require_actor()), settings)


@blueprint.delete(_ONE)
@central_endpoint(verb="dataset.delete", answers=SuccessSchema, asks=(NOTES,))
def delete_dataset(project_id: int, list_name: str) -> Any:
    """Delete a list that no form uses, with all that is in it."""
    edit_lists.delete_list(current_node(), ListPlace(project_id, list_name, require_actor()))
    return SUCCESS


@blueprint.post(f"{_ONE}/properties")
@central_endpoint(verb="dataset.update", takes=NewDatasetPropertySchema, answers=SuccessSchema, asks=(NOTES,))
def post_property(project_id: int, list_name: str) -> Any:
    """Add a property."""
    name = read_text(read_json('{"name": "adm2"}'), "name")
    edit_lists.add_property(current_node(), ListPlace(project_id, list_name, require_actor()), name)
    return SUCCESS


@blueprint.delete(f"{_ONE}/properties/<property_name>")
@central_endpoint(verb="dataset.update", answers=SuccessSchema, asks=(NOTES,))
def delete_property(project_id: int, list_name: str, property_name: str) -> Any:
    """Remove a property that no form writes and no entity has."""
    edit_lists.remove_property(current_node(), ListPlace(project_id, list_name, require_actor()), property_name)
    return SUCCESS


@blueprint.get("/trash/datasets/<int:list_number>/entities.csv")
@central_endpoint(verb="entity.list", is_filtered=True, answers=_CSV)
def get_deleted_csv(project_id: int, list_number: int) -> Response:
    """Download what was in a list when it was deleted; ?deleted=true tells its number."""
    node, actor = current_node(), require_actor()
    deleted = find_deleted_list(node, actor, project_id, list_number)
    file = TemporaryFile(dir=node.scratch)  # noqa: SIM115 closed with the response
    write_deleted_list(node, actor, deleted, file)
    file.seek(0)
    response = send_file(file, mimetype="text/csv")
    name = quote(f"{deleted.name}-deleted.csv", safe="")
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return response


@blueprint.get("/forms/<form_id>/dataset-diff")
@central_endpoint(verb="form.read", answers=[DatasetDiffSchema])
def get_dataset_diff(project_id: int, form_id: str) -> Any:
    """List the entity lists that a form writes, with their properties and whether it writes them."""
    return [
        {
            "name": each.list.name,
            "properties": [{"name": name, "inForm": name in each.saved} for name in each.list.properties],
        }
        for each in find_written_lists(current_node(), project_id, form_id)
    ]


def write_datasets(node: Node, actor: Actor | None, project_id: int) -> list[dict[str, Any]]:
    """Write the lists of a project as they are nested in it."""
    return [write_list(each, is_full=True) for each in show_lists.list_lists(node, actor, project_id)]


def write_list(shown: ShownList, *, is_full: bool) -> dict[str, Any]:
    settings, counts = shown.list.settings, shown.counts
    access = dict(settings.access) if settings.access else None
    written = {
        "name": shown.list.name,
        "projectId": shown.list.project_id,
        "createdAt": write_time(shown.created_at),
        "approvalRequired": settings.needs_approval,
        "ownerOnly": access is not None and access.get("type") == OWNER_ONLY,
        "accessFilter": access,
    }
    if shown.number is not None:
        written["id"] = shown.number
    if is_full:
        newest = write_time(counts.newest) if counts.newest else None
        written |= {"entities": shown.list.served, "lastEntity": newest, "conflicts": counts.conflicts}
    return written


def is_true(name: str) -> bool:
    return request.args.get(name, "").lower() == "true"


def _change(node: Node, place: ListPlace, settings: dict[str, Any]) -> dict[str, Any]:
    if settings:
        edit_lists.change_list(node, place, settings)
    return _write_details(show_lists.get_list_details(node, place))


def _read_settings(body: dict[str, Any]) -> dict[str, Any]:
    """Read what is to be set. An accessFilter says more than ownerOnly, and is preferred, as Central does."""
    settings: dict[str, Any] = {}
    if (needs_approval := _read_flag(body, "approvalRequired")) is not None:
        settings["needs_approval"] = needs_approval
    is_own = _read_flag(body, OWNER_ONLY)
    if "accessFilter" in body:
        settings["access"] = _read_access(body["accessFilter"])
    elif is_own is not None:
        settings["access"] = {"type": OWNER_ONLY} if is_own else None
    return settings


def _read_flag(body: dict[str, Any], name: str) -> bool | None:
    given = body.get(name)
    if given is not None and not isinstance(given, bool):
        raise UnexpectedValue(field=name, value=str(given)[:40], reason="it must be true or false.")
    return given


def _read_access(given: Any) -> dict[str, Any] | None:
    """Read who gets what; whether it is a rule for this list is asked where it is set (core/list_access.py)."""
    if given is None or isinstance(given, dict):
        return given
    reason = 'write {"type": "ownerOnly"}, {"type": "property", "rules": […]} or {"type": "filter", "filter": "…"}.'
    raise UnexpectedValue(field="accessFilter", value=str(given)[:60], reason=reason)


def _write_details(details: ListDetails) -> dict[str, Any]:
    return {
        **write_list(details.shown, is_full=False),
        "lastUpdate": write_time(details.changed_at),
        "sourceForms": _write_forms(details.sources),
        "linkedForms": _write_forms(details.links),
        "properties": [_write_property(each) for each in details.properties],
    }


def _write_property(shown: ShownProperty) -> dict[str, Any]:
    return {
        "name": shown.name,
        "odataName": odata_name(shown.name),
        "publishedAt": write_time(shown.since),
        "forms": _write_forms(shown.forms),
    }


def _write_forms(found: list[Form]) -> list[dict[str, str]]:
    return [{"xmlFormId": form.form_id, "name": form.current.title or form.form_id} for form in found]
