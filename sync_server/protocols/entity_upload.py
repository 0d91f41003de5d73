"""Take a CSV of entities (our own address; ODK Central takes JSON only).

POST /v1/projects/{id}/datasets/{list}/entities.csv ?preview=true &update=true

The file is the body. The preview says what it would do and changes nothing; without `update` a file that would change
what is there is refused. The file lies on the disk while it is read, however long it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Any

from flask import Blueprint, request

from sync_server.protocols.endpoint import central_endpoint, current_node, require_actor
from sync_server.protocols.schemas_upload import UploadPlanSchema
from sync_server.protocols.shapes import Asked, Content
from sync_server.protocols.upload import iter_body
from sync_server.services.edit_entities import ListPlace
from sync_server.services.incoming_parts import told_when_full
from sync_server.services.upload_entities import preview_upload, upload_entities

blueprint = Blueprint("entity_upload", __name__)

_BOOLEAN = ("true", "false")
_ASKS = (
    Asked("preview", "string", "`true` only says what the file would do.", _BOOLEAN),
    Asked("update", "string", "`true` lets it change entities that are there; else it only creates.", _BOOLEAN),
    Asked("source", "string", "The file's name, kept with what it changed."),
)
_FILE = Content(("text/csv",), "name (the id), label and properties, as the list's download has them")
LONGEST_SOURCE = 200


@blueprint.post("/v1/projects/<int:project_id>/datasets/<list_name>/entities.csv")
@central_endpoint(verb="entity.create", takes=_FILE, answers=UploadPlanSchema, asks=_ASKS, also=(413,))
def post_entities_csv(project_id: int, list_name: str) -> Any:
    """Take a CSV of entities, all or nothing, or say what it would do. What is wrong is said with row and column."""
    source = request.args.get("source", "")[:LONGEST_SOURCE]
    place = ListPlace(project_id, list_name, require_actor(), source)
    with _body() as file:
        if _is("preview"):
            plan = preview_upload(current_node(), place, file)
        else:
            plan = upload_entities(current_node(), place, file, may_change=_is("update"))
    return UploadPlanSchema().dump(plan)


@contextmanager
def _body() -> Iterator[IO[bytes]]:
    node = current_node()
    with TemporaryFile(dir=node.scratch) as file:
        with told_when_full():
            for piece in iter_body(request, node.settings.max_upload_bytes):
                file.write(piece)
            file.flush()
        yield file


def _is(option: str) -> bool:
    return request.args.get(option, "").lower() == "true"
