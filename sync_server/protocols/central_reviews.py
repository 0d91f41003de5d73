"""Look at single submissions, review them and comment on them, as ODK Central's REST does.

GET /v1/projects/{id}/forms/{formId}/submissions · GET, PATCH …/submissions/{instanceId} · GET, POST …/comments

Administrators only. What a person must admit first is not here, as in exports. An instanceId is that of the original;
Central redirects that of an edit to its version, which is not served here yet: 404.
"""

import json
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, request

from sync_server.core.instance_xml import read_instance_name
from sync_server.core.submission_state import RECEIVED
from sync_server.errors import MissingParameter, NotFound, UnexpectedValue
from sync_server.node import Node
from sync_server.protocols.central_forms import decoded_header
from sync_server.protocols.central_sessions import read_json, write_actor, write_time
from sync_server.protocols.endpoint import central_endpoint, current_node, require_actor
from sync_server.services import consumers
from sync_server.services.review_submission import Comment, comment_submission, list_comments, review_submission
from sync_server.store import accounts, forms, submission_details
from sync_server.store.submission_details import ShownSubmission

blueprint = Blueprint("central_reviews", __name__)

AT_A_TIME = 200
PATIENCE_SECONDS = 1.0
_SUBMISSIONS = "/v1/projects/<int:project_id>/forms/<form_id>/submissions"


@blueprint.get(_SUBMISSIONS)
@central_endpoint(verb="submission.read")
def get_submissions(project_id: int, form_id: str) -> Any:
    """List submissions, newest first; none is ever in Central's trash here."""
    node = current_node()
    limit, offset = _number("limit"), _number("offset") or 0
    consumers.resolve_received(node, seconds=PATIENCE_SECONDS)
    with node.database.read() as session:
        forms.get_form(session, project_id, form_id)
    if request.args.get("deleted", "").lower() == "true":
        return []
    written = _iter_written(node, project_id, form_id, limit=limit, offset=offset, is_extended=_is_extended())
    return Response(_in_brackets(written), content_type="application/json; charset=utf-8")


@blueprint.get(f"{_SUBMISSIONS}/<instance_id>")
@central_endpoint(verb="submission.read")
def get_submission(project_id: int, form_id: str, instance_id: str) -> Any:
    require_actor()
    return _write_found(project_id, form_id, instance_id)


@blueprint.patch(f"{_SUBMISSIONS}/<instance_id>")
@central_endpoint(verb="submission.review")
def patch_submission(project_id: int, form_id: str, instance_id: str) -> Any:
    """Set the review state; the header X-Action-Notes says why."""
    actor = require_actor()
    body = read_json('{"reviewState": "approved"}')
    if "reviewState" not in body:
        raise MissingParameter(field="reviewState")
    _find_shown(project_id, form_id, instance_id)
    state = RECEIVED if body["reviewState"] is None else body["reviewState"]  # Central writes null for received
    review_submission(
        current_node(), actor, instance_id, state,
        reason=decoded_header("X-Action-Notes"), form_id=form_id, project_id=project_id,
    )  # fmt: skip
    return _write_found(project_id, form_id, instance_id)


@blueprint.get(f"{_SUBMISSIONS}/<instance_id>/comments")
@central_endpoint(verb="submission.read")
def get_comments(project_id: int, form_id: str, instance_id: str) -> Any:
    """List the comments, newest first."""
    actor = require_actor()
    _find_shown(project_id, form_id, instance_id)
    found = list_comments(current_node(), actor, instance_id, form_id=form_id, project_id=project_id)
    return [_write_comment(comment) for comment in found]


@blueprint.post(f"{_SUBMISSIONS}/<instance_id>/comments")
@central_endpoint(verb="submission.review")
def post_comment(project_id: int, form_id: str, instance_id: str) -> Any:
    actor = require_actor()
    text = read_json('{"body": "seen on paper"}').get("body")
    if not isinstance(text, str):
        raise MissingParameter(field="body")
    _find_shown(project_id, form_id, instance_id)
    return _write_comment(
        comment_submission(
            current_node(), actor, instance_id, text.replace("\0", "\ufffd"), form_id=form_id, project_id=project_id
        )
    )


def _find_shown(project_id: int, form_id: str, instance_id: str) -> ShownSubmission:
    consumers.resolve_received(current_node(), seconds=PATIENCE_SECONDS)
    with current_node().database.read() as session:
        found = submission_details.find_details(session, project_id, form_id, instance_id)
    if found is None:
        raise NotFound
    return found


def _write_found(project_id: int, form_id: str, instance_id: str) -> dict[str, Any]:
    return _write_submission(current_node(), _find_shown(project_id, form_id, instance_id), is_extended=_is_extended())


def _iter_written(
    node: Node, project_id: int, form_id: str, *, limit: int | None, offset: int, is_extended: bool
) -> Iterator[str]:
    """Write the list piece by piece, each of its own snapshot: a slow client must not hold one for long."""
    after = None
    while limit is None or limit > 0:
        with node.database.read() as session:
            found = submission_details.iter_details(
                session, project_id, form_id, after=after, offset=offset, limit=min(limit or AT_A_TIME, AT_A_TIME)
            )
        for shown in found:
            yield json.dumps(_write_submission(node, shown, is_extended=is_extended), ensure_ascii=False)
        if not found:
            return
        after, offset = found[-1].place, 0
        limit = None if limit is None else limit - len(found)


def _in_brackets(written: Iterator[str]) -> Iterator[str]:
    yield "["
    for number, piece in enumerate(written):
        yield f",{piece}" if number else piece
    yield "]\n"


def _write_submission(node: Node, shown: ShownSubmission, *, is_extended: bool) -> dict[str, Any]:
    """Write Central's Submission. No user agent is kept of uploads."""
    current = shown.current
    written = {
        "instanceId": shown.root_id,
        "submitterId": shown.submitter_id,
        "deviceId": shown.device_id,
        "userAgent": None,
        "reviewState": shown.review_state,
        "createdAt": write_time(shown.received_at),
        "updatedAt": write_time(shown.updated_at) if shown.updated_at else None,
        "deletedAt": None,
        "currentVersion": {
            "instanceId": current.instance_id,
            "instanceName": read_instance_name(current.xml),
            "submitterId": current.submitter_id,
            "deviceId": current.device_id,
            "userAgent": None,
            "createdAt": write_time(current.received_at),
            "current": True,
        },
    }
    return {**written, "submitter": _write_submitter(node, shown.submitter_id)} if is_extended else written


def _write_submitter(node: Node, actor_id: int | None) -> dict[str, Any] | None:
    if actor_id is None:
        return None
    with node.database.read() as session:
        return write_actor(accounts.get_actor(session, actor_id))


def _write_comment(comment: Comment) -> dict[str, Any]:
    author = comment.author
    written = {
        "body": comment.text,
        "actorId": author.id if author else None,
        "createdAt": write_time(comment.written_at),
    }
    return {**written, "actor": write_actor(author) if author else None} if _is_extended() else written


def _is_extended() -> bool:
    return request.headers.get("X-Extended-Metadata", "").lower() == "true"


def _number(name: str) -> int | None:
    given = request.args.get(name)
    if given is None:
        return None
    if not given.isascii() or not given.isdecimal() or len(given) > 9:
        raise UnexpectedValue(field=name, value=given, reason="it must be a number, 0 or more.")
    return int(given)
