"""Which keys open a form's sealed submissions, as ODK Central's REST says: GET …/forms/{formId}/submissions/keys."""

from typing import Any

from flask import Blueprint

from sync_server.protocols.authentication import current_node, require_actor
from sync_server.protocols.endpoint import central_endpoint
from sync_server.protocols.schemas_projects import KeySchema
from sync_server.services import managed_encryption

blueprint = Blueprint("central_keys", __name__)


@blueprint.get("/v1/projects/<int:project_id>/forms/<form_id>/submissions/keys")
@central_endpoint(verb="submission.read", answers=[KeySchema])
def get_keys(project_id: int, form_id: str) -> list[dict[str, Any]]:
    found = managed_encryption.list_keys(current_node(), require_actor(), project_id, form_id)
    return [{"id": key.id, "public": key.public_key, "managed": key.is_managed, "hint": key.hint} for key in found]
