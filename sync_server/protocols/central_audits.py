"""Show what people did, as ODK Central's REST does: GET /v1/audits ?action &start &end &limit &offset.

Central names the actee by a UUID; here it is "project:1", "form:1/visit" or "actor:5".
"""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, request
from sqlalchemy.orm import Session

from sync_server.errors import UnexpectedValue
from sync_server.protocols.central_sessions import write_actor, write_time
from sync_server.protocols.endpoint import central_endpoint, current_node
from sync_server.protocols.extended import is_extended
from sync_server.protocols.query_arguments import read_number
from sync_server.protocols.schemas_submissions import AuditSchema
from sync_server.protocols.shapes import EXTENDED, Asked
from sync_server.store import accounts, audits
from sync_server.store.audits import Audit

blueprint = Blueprint("central_audits", __name__)

_ASKS = (
    Asked("action", "string", "An action, or a group of them: nonverbose, user, project, form, submission …"),
    Asked("start", "string", "From this time on, ISO 8601."),
    Asked("end", "string", "Until before this time, ISO 8601."),
    Asked("limit", "integer", "How many at most."),
    Asked("offset", "integer", "How many of the newest to pass over."),
    EXTENDED,
)


@blueprint.get("/v1/audits")
@central_endpoint(verb="audit.read", answers=[AuditSchema], asks=_ASKS)
def get_audits() -> Any:
    """List what people did, the newest first."""
    with current_node().database.read() as session:
        found = audits.iter_audits(
            session,
            action=request.args.get("action") or None,
            start=_moment("start"),
            end=_moment("end"),
            limit=read_number("limit"),
            offset=read_number("offset") or 0,
        )
        return [_write(session, audit) for audit in found]


def _write(session: Session, audit: Audit) -> dict[str, Any]:
    act = audit.act
    written = {
        "actorId": act.actor_id,
        "action": act.action,
        "acteeId": act.actee,
        "details": dict(act.details) or None,
        "loggedAt": write_time(audit.logged_at),
        "notes": act.notes,
    }
    if not is_extended():
        return written
    actor = write_actor(accounts.get_actor(session, act.actor_id)) if act.actor_id is not None else None
    return {**written, "actor": actor, "actee": _write_actee(session, act.actee)}


def _write_actee(session: Session, actee: str | None) -> dict[str, Any] | None:
    """Say what the act was done to, as far as its name tells."""
    kind, _, name = (actee or "").partition(":")
    if kind == "actor":
        return write_actor(accounts.get_actor(session, int(name)))
    if kind == "project":
        return {"id": int(name)}
    if kind == "form":
        project_id, _, form_id = name.partition("/")
        return {"projectId": int(project_id), "xmlFormId": form_id}
    return None


def _moment(name: str) -> datetime | None:
    """Read a time; without a zone it is UTC. Central's clients write 2000-01-01z as well."""
    given = request.args.get(name)
    if not given:
        return None
    text = given.strip().replace(" ", "+").upper()  # a plus sign in an address is a space
    has_bare_date = len(text) == len("2000-01-01Z") and text.endswith("Z")
    try:
        moment = datetime.fromisoformat(text.removesuffix("Z") if has_bare_date else text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        reason = "write a time as in 2026-11-23T08:00:00Z."
        raise UnexpectedValue(field=name, value=given, reason=reason) from error
