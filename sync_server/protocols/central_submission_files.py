"""Show one submission's document and files, as ODK Central's REST does.

GET /v1/projects/{id}/forms/{formId}/submissions/{instanceId}.xml · …/attachments · …/attachments/{name}

What somebody may not see is left out, and the header X-Answers-Hidden counts it.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO, cast
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request

from sync_server.protocols.endpoint import central_endpoint, current_node, require_actor
from sync_server.protocols.schemas_submissions import SubmissionFileSchema
from sync_server.protocols.shapes import BINARY, Content
from sync_server.services.read_submission import SeenFile, list_files, open_file, read_document

blueprint = Blueprint("central_submission_files", __name__)

HIDDEN = "X-Answers-Hidden"
_ONE = "/v1/projects/<int:project_id>/forms/<form_id>/submissions/<instance_id>"
_XML = Content(("application/xml",), "the submission as it stands, without the answers you may not see")
_PIECE = 65_536
# Whoever asks: the next one may see less. A shared machine's cache must not hand it on.
_NOT_KEPT = "private, no-store"


@blueprint.get(f"{_ONE}.xml")
@central_endpoint(verb="submission.read", is_filtered=True, answers=_XML)
def get_document(project_id: int, form_id: str, instance_id: str) -> Response:
    """Return a submission's XML; answers you may not see are empty."""
    seen = read_document(current_node(), require_actor(), project_id, form_id, instance_id)
    response = Response(seen.xml, content_type="application/xml")
    return _without(response, seen.hidden)


@blueprint.get(f"{_ONE}/attachments")
@central_endpoint(verb="submission.read", is_filtered=True, answers=[SubmissionFileSchema])
def get_files(project_id: int, form_id: str, instance_id: str) -> Response:
    """List the files of a submission that you may see."""
    seen = list_files(current_node(), require_actor(), project_id, form_id, instance_id)
    return _without(jsonify([_write_file(file) for file in seen.files]), seen.hidden)


@blueprint.get(f"{_ONE}/attachments/<path:name>")
@central_endpoint(verb="submission.read", is_filtered=True, answers=BINARY, also=(304,))
def get_file(project_id: int, form_id: str, instance_id: str, name: str) -> Response:
    """Download a file of a submission."""
    blob, file = open_file(current_node(), require_actor(), project_id, form_id, instance_id, name)
    response = Response(_pieces(file), mimetype="application/octet-stream")
    response.call_on_close(file.close)
    response.set_etag(blob)
    response.headers["Cache-Control"] = "private, no-cache"
    # A tablet's file is somebody's writing: no browser may run it as a page of this server.
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return cast(Response, response.make_conditional(request))


def _write_file(file: SeenFile) -> dict[str, Any]:
    return {"name": file.name, "exists": file.blob_id is not None}


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def _without(response: Response, hidden: int) -> Response:
    response.headers["Cache-Control"] = _NOT_KEPT
    if hidden:
        response.headers[HIDDEN] = str(hidden)
    return response
