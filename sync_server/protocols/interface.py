"""The description of the interface for programs: GET /openapi.json."""

from typing import Any

from flask import Blueprint, Response, current_app, json

from sync_server.protocols.endpoint import central_endpoint
from sync_server.protocols.openapi import describe_interface
from sync_server.protocols.shapes import Content

blueprint = Blueprint("interface", __name__)

_KEPT = "sync_server.interface"  # in app.extensions: it is the same as long as the program runs


@blueprint.get("/openapi.json")
@central_endpoint(
    anyone="how one asks is no secret; nothing of the node is in it",
    answers=Content(("application/json",), "OpenAPI 3.1"),
)
def get_interface() -> Response:
    """The description of all that this server understands, as OpenAPI 3.1."""
    return Response(json.dumps(read_interface()), content_type="application/json")


def read_interface() -> dict[str, Any]:
    """Describe this application; once, at the first question."""
    kept: dict[str, Any] | None = current_app.extensions.get(_KEPT)
    if kept is None:
        kept = current_app.extensions[_KEPT] = describe_interface(current_app)
    return kept
