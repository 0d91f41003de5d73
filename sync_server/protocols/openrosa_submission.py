"""Take a submission from a tablet: the HEAD before it, and the POST (OpenRosa Form Submission API 1.0).

HEAD must be 204: Collect takes any other 2xx for a captive portal. POST must be 201 or 202, and only after the bytes
are durable: a tablet forgets what was acknowledged and sends for ever what was refused. So a revoked tablet, a
closed, an unknown or an unassigned form are no reason to refuse; such a submission waits for a person.
"""

from datetime import UTC, datetime

from flask import Response, request

from sync_server.errors import DiskFull, NotFound, UploadTooLarge
from sync_server.protocols.authentication import current_node
from sync_server.protocols.endpoint import write_message
from sync_server.protocols.messages import say
from sync_server.protocols.needs import current_scope
from sync_server.protocols.openrosa_documents import allow_tablet
from sync_server.protocols.upload import read_parts
from sync_server.services.receive_submission import Upload, receive
from sync_server.store import projects
from sync_server.store.accounts import Actor
from sync_server.store.submissions import Receipt

LONGEST_DEVICE_ID = 255  # Collect's has 24 characters
SMALL_UPLOAD = 1_000_000  # smaller ones fit into the reserve, which `receive` looks after
RECEIVED = "Received and safely stored. Thank you."
HELD = "Received and safely stored. A coordinator will look at it first, because this tablet or form is not in use."
ERASED = "This submission was erased on request, and nothing of it was kept. Delete it from the tablet, too."
REDACTED = "Received and safely stored, without what was erased on request. Thank you."


def answer_head(project_id: int) -> Response:
    """Say that a submission may come, and how large its parts should be."""
    allow_tablet(project_id)
    return Response(status=204)


def answer_post(project_id: int, *, door: str) -> Response:
    """Store what was sent, then acknowledge it: 201, also for a resend, which stored one more receipt."""
    actor = allow_tablet(project_id)
    node = current_node()
    _require_project(actor, project_id)
    _require_room()
    with read_parts(request, node.blobs, limit=node.settings.max_upload_bytes) as (xml, files):
        receipt = receive(
            node,
            Upload(
                project_id=project_id,
                xml=xml,
                files=files,
                received_at=datetime.now(UTC),
                door=door,
                device_id=request.args.get("deviceID", "")[:LONGEST_DEVICE_ID] or None,
                actor_id=actor.id,
                is_revoked=actor.is_revoked,
                scope=current_scope(),
                client_date=request.headers.get("Date"),
            ),
        )
    return write_message(say(_message(receipt, actor)), status=201)


def _message(receipt: Receipt, actor: Actor) -> str:
    if receipt.is_erased:
        return ERASED
    if receipt.is_redacted:
        return REDACTED
    return HELD if _waits(receipt, actor) else RECEIVED


def _waits(receipt: Receipt, actor: Actor) -> bool:
    return actor.is_revoked or receipt.held_for is not None or receipt.form_state in ("closed", "unknown")


def _require_project(actor: Actor, project_id: int) -> None:
    if actor.project_id == project_id:
        return  # an app user's project is known to exist
    with current_node().database.read() as session:
        if not projects.has_been(session, project_id):  # what comes for a deleted one waits for a person
            raise NotFound


def _require_room() -> None:
    """Refuse, before a byte is read, what the operator's limit or the disk cannot take."""
    node, size = current_node(), request.content_length or 0
    limit = node.settings.max_upload_bytes
    if limit and size > limit:
        raise UploadTooLarge(size=size, limit=limit)
    if size > SMALL_UPLOAD and not node.has_room(size):
        raise DiskFull
