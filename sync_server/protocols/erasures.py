"""Erase a submission, and show receipts of erasures, as JSON (our own addresses; ODK Central has none like them).

POST /v1/projects/{id}/forms/{formId}/submissions/{instanceId}/erase {"reason": …} · GET /v1/erasures · …/{id}

Central's DELETE of a submission hides it for thirty days; this takes the bytes away, so it has a name of its own.
"""

from typing import Any

from flask import Blueprint

from sync_server.errors import MissingParameter
from sync_server.protocols.central_sessions import read_json
from sync_server.protocols.endpoint import central_endpoint, current_node, require_actor
from sync_server.protocols.schemas_submissions import ErasureSchema, NewErasureSchema
from sync_server.services.erase_submissions import erase_submission
from sync_server.services.list_erasures import get_erasure, list_erasures

blueprint = Blueprint("erasures", __name__, url_prefix="/v1")


@blueprint.post("/projects/<int:project_id>/forms/<form_id>/submissions/<instance_id>/erase")
@central_endpoint(verb="submission.erase", takes=NewErasureSchema, answers=ErasureSchema)
def post_erase(project_id: int, form_id: str, instance_id: str) -> Any:
    """Erase a submission with everything that belongs to it; answer the receipt."""
    actor = require_actor()
    reason = read_json('{"reason": "Consent withdrawn"}').get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise MissingParameter(field="reason")
    node = current_node()
    made = erase_submission(node, actor, instance_id, reason=reason, project_id=project_id, form_id=form_id)
    return get_erasure(node, actor, made).to_json()


@blueprint.get("/erasures")
@central_endpoint(verb="submission.erase", is_somewhere=True, is_filtered=True, answers=[ErasureSchema])
def get_erasures() -> Any:
    """List the receipts of erasures, oldest first."""
    actor = require_actor()
    return [receipt.to_json() for receipt in list_erasures(current_node(), actor)]


@blueprint.get("/erasures/<erasure_id>")
@central_endpoint(verb="submission.erase", is_somewhere=True, is_filtered=True, answers=ErasureSchema)
def get_one_erasure(erasure_id: str) -> Any:
    """Show one receipt."""
    actor = require_actor()
    return get_erasure(current_node(), actor, erasure_id).to_json()
