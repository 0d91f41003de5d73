"""Entities as ODK Central's REST has them.

GET, POST /v1/projects/{id}/datasets/{list}/entities · GET …/entities/creators
POST …/entities/bulk-delete · …/entities/bulk-restore
GET, PATCH, DELETE …/entities/{uuid} · POST …/entities/{uuid}/restore

A list is written while it is read, part by part: its length costs no memory. The header X-Action-Notes says why.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from flask import Blueprint, Response

from sync_server.core.entity_draft import get_entity_id as get_id
from sync_server.errors import MissingParameter
from sync_server.protocols.authentication import current_node, require_actor
from sync_server.protocols.central_datasets import DELETED, is_true
from sync_server.protocols.central_sessions import SUCCESS, write_actor
from sync_server.protocols.endpoint import central_endpoint
from sync_server.protocols.entity_bodies import (
    read_body,
    read_change,
    read_draft,
    read_drafts,
    read_ids,
    read_settlement,
    read_source,
)
from sync_server.protocols.entity_json import FindActor, write_entity, write_whole
from sync_server.protocols.extended import is_extended
from sync_server.protocols.query_arguments import read_number
from sync_server.protocols.schemas_accounts import ActorSchema, SuccessSchema
from sync_server.protocols.schemas_entities import (
    EntityIdsSchema,
    EntityPatchSchema,
    EntitySchema,
    MadeSchema,
    NewEntitySchema,
)
from sync_server.protocols.shapes import EXTENDED, NOTES, Asked
from sync_server.services import consumers, edit_entities, show_entities
from sync_server.services.edit_entities import ListPlace
from sync_server.services.entity_versions import ShownEntity

blueprint = Blueprint(
    "central_entities", __name__, url_prefix="/v1/projects/<int:project_id>/datasets/<list_name>/entities"
)

_FLAG = ("true", "false")
_BASE = Asked("baseVersion", "integer", "The version that you saw: it must be the current one, as long as not forced.")
_FORCE = Asked("force", "string", "`true` changes it whatever it has come to be.", _FLAG)
_RESOLVE = Asked("resolve", "string", "`true` settles its conflict: as you write, and else as it is shown.", _FLAG)


@blueprint.get("")
@central_endpoint(verb="entity.list", is_filtered=True, answers=[EntitySchema], asks=(DELETED, EXTENDED))
def get_entities(project_id: int, list_name: str) -> Response:
    """List the entities of a list, newest first, without their data."""
    parts = show_entities.iter_shown(current_node(), _place(project_id, list_name), is_deleted=is_true("deleted"))
    return Response(_in_brackets(parts, actor_finder()), content_type="application/json; charset=utf-8")


@blueprint.post("")
@central_endpoint(verb="entity.create", takes=NewEntitySchema, answers=MadeSchema, asks=(NOTES, EXTENDED))
def post_entities(project_id: int, list_name: str) -> Any:
    """Create an entity, or many at once: all, or none."""
    node, body = current_node(), read_body()
    if "entities" not in body:
        (made,) = edit_entities.create_entities(node, _place(project_id, list_name), [read_draft(body)])
        consumers.fold_received(node)  # however much there is: what was made must not seem to be missing
        return _write(project_id, list_name, made)
    place = ListPlace(project_id, list_name, require_actor(), read_source(body))
    edit_entities.create_entities(node, place, read_drafts(body))
    return SUCCESS


@blueprint.get("/creators")
@central_endpoint(verb="entity.list", is_filtered=True, answers=[ActorSchema])
def get_creators(project_id: int, list_name: str) -> Any:
    """List who created entities of a list, by name."""
    return [write_actor(each) for each in show_entities.list_creators(current_node(), _place(project_id, list_name))]


@blueprint.post("/bulk-delete")
@central_endpoint(verb="entity.delete", takes=EntityIdsSchema, answers=SuccessSchema, asks=(NOTES,))
def post_bulk_delete(project_id: int, list_name: str) -> Any:
    """Delete entities, all or none."""
    return _mark(edit_entities.delete_entities, project_id, list_name, read_ids())


@blueprint.post("/bulk-restore")
@central_endpoint(verb="entity.restore", takes=EntityIdsSchema, answers=SuccessSchema, asks=(NOTES,))
def post_bulk_restore(project_id: int, list_name: str) -> Any:
    """Bring deleted entities back, all or none."""
    return _mark(edit_entities.restore_entities, project_id, list_name, read_ids())


@blueprint.get("/<entity_id>")
@central_endpoint(verb="entity.read", is_filtered=True, answers=EntitySchema, asks=(DELETED, EXTENDED))
def get_entity(project_id: int, list_name: str, entity_id: str) -> Any:
    """Show an entity with its data; a deleted one with ?deleted=true."""
    return _write(project_id, list_name, entity_id, with_deleted=is_true("deleted"))


@blueprint.patch("/<entity_id>")
@central_endpoint(
    verb="entity.update", takes=EntityPatchSchema, answers=EntitySchema, asks=(_BASE, _FORCE, _RESOLVE, NOTES, EXTENDED)
)
def patch_entity(project_id: int, list_name: str, entity_id: str) -> Any:
    """Change an entity, or settle its conflict (?resolve=true). Say which version you saw, or ?force=true."""
    node, place, entity, base = (
        current_node(),
        _place(project_id, list_name),
        get_id(entity_id),
        read_number("baseVersion"),
    )
    if is_true("resolve"):
        edit_entities.settle_entity(node, place, entity, read_settlement(), base=base, is_forced=is_true("force"))
    else:
        edit_entities.update_entity(node, place, entity, _require(read_change()), base=base, is_forced=is_true("force"))
    return _write(project_id, list_name, entity_id, with_deleted=True)


@blueprint.delete("/<entity_id>")
@central_endpoint(verb="entity.delete", answers=SuccessSchema, asks=(NOTES,))
def delete_entity(project_id: int, list_name: str, entity_id: str) -> Any:
    """Delete an entity: tablets get it no more."""
    return _mark(edit_entities.delete_entities, project_id, list_name, [entity_id])


@blueprint.post("/<entity_id>/restore")
@central_endpoint(verb="entity.restore", answers=SuccessSchema, asks=(NOTES,))
def post_restore(project_id: int, list_name: str, entity_id: str) -> Any:
    """Bring a deleted entity back."""
    return _mark(edit_entities.restore_entities, project_id, list_name, [entity_id])


def actor_finder() -> FindActor | None:
    """How to find who did something, if the client asked for it; each once for the whole answer."""
    node = current_node()
    return cache(lambda actor_id: show_entities.find_actor(node, actor_id)) if is_extended() else None


def _place(project_id: int, list_name: str) -> ListPlace:
    return ListPlace(project_id, list_name, require_actor())


def _require(said: dict[str, str]) -> dict[str, str]:
    if not said:
        raise MissingParameter(field="data")
    return said


def _write(project_id: int, list_name: str, entity_id: str, *, with_deleted: bool = False) -> dict[str, Any]:
    place = _place(project_id, list_name)
    found = show_entities.get_entity(current_node(), place, entity_id, with_deleted=with_deleted)
    return write_whole(found, actor_finder())


def _mark(act: Callable[..., None], project_id: int, list_name: str, ids: Iterable[str]) -> dict[str, bool]:
    node, place, wanted = current_node(), _place(project_id, list_name), [get_id(each) for each in ids]
    act(node, place, wanted)
    return SUCCESS


def _in_brackets(parts: Iterable[list[ShownEntity]], find_actor: FindActor | None) -> Iterator[str]:
    """Write a part at a time; the request is over by then, so all that it said was read before."""
    yield "["
    for number, part in enumerate(parts):
        written = ",\n".join(json.dumps(write_entity(each, find_actor), ensure_ascii=False) for each in part)
        yield f",\n{written}" if number else written
    yield "]\n"
