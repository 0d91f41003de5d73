"""Public links to a form, as ODK Central's REST has them.

GET, POST /v1/projects/{id}/forms/{formId}/public-links · GET, PATCH, DELETE …/public-links/{id}

A link's token is used as `?st=` or below /v1/key/, as a tablet's is. `once` is kept and told: web forms keep to it in
each browser, as with Central; the server takes what is sent.
"""

from typing import Any

from flask import Blueprint

from sync_server.errors import UnexpectedValue
from sync_server.protocols.authentication import current_node, require_actor
from sync_server.protocols.central_sessions import SUCCESS, read_json, read_text, write_actor, write_time
from sync_server.protocols.endpoint import central_endpoint
from sync_server.protocols.extended import is_extended
from sync_server.protocols.schemas_accounts import SuccessSchema
from sync_server.protocols.schemas_projects import NewPublicLinkSchema, PropertiesPatchSchema, PublicLinkSchema
from sync_server.protocols.shapes import EXTENDED
from sync_server.services import public_links
from sync_server.services.actor_properties import read_values
from sync_server.services.public_links import ShownLink

blueprint = Blueprint(
    "central_public_links", __name__, url_prefix="/v1/projects/<int:project_id>/forms/<form_id>/public-links"
)


@blueprint.get("")
@central_endpoint(verb="public_link.list", answers=[PublicLinkSchema], asks=(EXTENDED,))
def get_links(project_id: int, form_id: str) -> list[dict[str, Any]]:
    found = public_links.list_links(current_node(), require_actor(), project_id, form_id)
    return [_write(each, is_extended=is_extended()) for each in found]


@blueprint.post("")
@central_endpoint(verb="public_link.create", takes=NewPublicLinkSchema, answers=PublicLinkSchema, asks=(EXTENDED,))
def post_link(project_id: int, form_id: str) -> dict[str, Any]:
    body = read_json('{"displayName": "Everybody", "once": false}')
    name, once = read_text(body, "displayName"), body.get("once")
    if once not in (None, True, False):
        raise UnexpectedValue(field="once", value=str(once)[:40], reason="it must be true or false.")
    properties = read_values(body.get("properties") or {})
    added = public_links.add_link(
        current_node(), require_actor(), project_id, form_id, name, once=bool(once), properties=properties
    )
    return _write(added, is_extended=is_extended())


@blueprint.get("/<int:link_id>")
@central_endpoint(verb="public_link.read", answers=PublicLinkSchema, asks=(EXTENDED,))
def get_link(project_id: int, form_id: str, link_id: int) -> dict[str, Any]:
    found = public_links.get_link(current_node(), require_actor(), project_id, form_id, link_id)
    return _write(found, is_extended=is_extended())


@blueprint.patch("/<int:link_id>")
@central_endpoint(verb="public_link.update", takes=PropertiesPatchSchema, answers=PublicLinkSchema)
def patch_link(project_id: int, form_id: str, link_id: int) -> dict[str, Any]:
    """Set properties; the answer is the extended one."""
    values = read_values(read_json('{"properties": {"region": "North"}}').get("properties") or {})
    changed = public_links.change_link(current_node(), require_actor(), project_id, form_id, link_id, values)
    return _write(changed, is_extended=True)


@blueprint.delete("/<int:link_id>")
@central_endpoint(verb="public_link.delete", answers=SuccessSchema)
def delete_link(project_id: int, form_id: str, link_id: int) -> dict[str, bool]:
    public_links.delete_link(current_node(), require_actor(), project_id, form_id, link_id)
    return SUCCESS


def _write(shown: ShownLink, *, is_extended: bool) -> dict[str, Any]:
    """Write a link with its token; null says that it was revoked."""
    written = {**write_actor(shown.link.actor), "token": shown.token, "once": shown.link.once}
    if is_extended:
        used = shown.link.actor.last_used_at
        written["createdBy"] = write_actor(shown.created_by) if shown.created_by else None
        written["lastUsed"] = write_time(used) if used else None
        written["properties"] = shown.properties
    return written
