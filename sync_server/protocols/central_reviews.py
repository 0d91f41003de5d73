"""Look at single submissions, review them and comment on them, as ODK Central's REST does.

GET /v1/projects/{id}/forms/{formId}/submissions · GET, PATCH …/submissions/{instanceId} · GET, POST …/comments

What a person must admit first is not here, as in exports; nor what is out of the reader's scope. An instanceId is that
of the original; Central redirects that of an edit to its version, which is not served here yet: 404.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sync_server.core.instance_xml import read_instance_name
from sync_server.core.scope import EXPORT_CEILING, READ
from sync_server.core.sensitivity import Level
from sync_server.core.sight import Sight
from sync_server.core.submission_state import RECEIVED
from sync_server.errors import MissingParameter, NotFound
from sync_server.node import Node
from sync_server.protocols.central_forms import decoded_header
from sync_server.protocols.central_sessions import read_json, write_actor, write_time
from sync_server.protocols.central_submission_files import HIDDEN
from sync_server.protocols.endpoint import central_endpoint, current_node, require_actor
from sync_server.protocols.extended import is_extended
from sync_server.protocols.query_arguments import read_number
from sync_server.protocols.schemas_submissions import CommentSchema, NewCommentSchema, ReviewSchema, SubmissionSchema
from sync_server.protocols.shapes import EXTENDED, NOTES, Asked
from sync_server.services import consumers
from sync_server.services.form_sight import find_levels, get_sight
from sync_server.services.review_submission import (
    REVIEW_VERB,
    Comment,
    comment_submission,
    list_comments,
    review_submission,
)
from sync_server.store import accounts, forms, submission_details
from sync_server.store.submission_details import ShownSubmission

blueprint = Blueprint("central_reviews", __name__)

AT_A_TIME = 200
PATIENCE_SECONDS = 1.0
_SUBMISSIONS = "/v1/projects/<int:project_id>/forms/<form_id>/submissions"
_PAGE = (Asked("limit", "integer", "How many at most."), Asked("offset", "integer", "How many to pass over."), EXTENDED)


@blueprint.get(_SUBMISSIONS)
@central_endpoint(verb=READ, is_filtered=True, answers=[SubmissionSchema], asks=_PAGE)
def get_submissions(project_id: int, form_id: str) -> Any:
    """List submissions, newest first; none is ever in Central's trash here."""
    limit, offset = read_number("limit"), read_number("offset") or 0
    with current_node().database.read() as session:
        forms.get_form(session, project_id, form_id)
    if request.args.get("deleted", "").lower() == "true":
        return []
    written = _iter_written(_look(project_id, form_id), limit=limit, offset=offset)
    return Response(_in_brackets(written), content_type="application/json; charset=utf-8")


@blueprint.get(f"{_SUBMISSIONS}/<instance_id>")
@central_endpoint(verb=READ, is_filtered=True, answers=SubmissionSchema, asks=(EXTENDED,))
def get_submission(project_id: int, form_id: str, instance_id: str) -> Any:
    """Show a submission, without its answers."""
    return _write_found(project_id, form_id, instance_id)


@blueprint.patch(f"{_SUBMISSIONS}/<instance_id>")
@central_endpoint(
    verb=REVIEW_VERB, is_filtered=True, takes=ReviewSchema, answers=SubmissionSchema, asks=(NOTES, EXTENDED)
)
def patch_submission(project_id: int, form_id: str, instance_id: str) -> Any:
    """Set the review state; the header X-Action-Notes says why."""
    body = read_json('{"reviewState": "approved"}')
    if "reviewState" not in body:
        raise MissingParameter(field="reviewState")
    _find_shown(project_id, form_id, instance_id)
    state = RECEIVED if body["reviewState"] is None else body["reviewState"]  # Central writes null for received
    review_submission(
        current_node(), require_actor(), instance_id, state,
        reason=decoded_header("X-Action-Notes"), form_id=form_id, project_id=project_id,
    )  # fmt: skip
    return _write_found(project_id, form_id, instance_id)


@blueprint.get(f"{_SUBMISSIONS}/<instance_id>/comments")
@central_endpoint(verb=READ, is_filtered=True, answers=[CommentSchema], asks=(EXTENDED,))
def get_comments(project_id: int, form_id: str, instance_id: str) -> Any:
    """List the comments, newest first."""
    _find_shown(project_id, form_id, instance_id)
    found = list_comments(current_node(), require_actor(), instance_id, form_id=form_id, project_id=project_id)
    response = jsonify([_write_comment(comment) for comment in found.shown])
    if found.hidden:
        response.headers[HIDDEN] = str(found.hidden)
    return response


@blueprint.post(f"{_SUBMISSIONS}/<instance_id>/comments")
@central_endpoint(
    verb=REVIEW_VERB, is_filtered=True, takes=NewCommentSchema, answers=CommentSchema, asks=(NOTES, EXTENDED)
)
def post_comment(project_id: int, form_id: str, instance_id: str) -> Any:
    """Comment on a submission."""
    text = read_json('{"body": "seen on paper"}').get("body")
    if not isinstance(text, str):
        raise MissingParameter(field="body")
    _find_shown(project_id, form_id, instance_id)
    text = text.replace("\0", "\ufffd")
    node, actor = current_node(), require_actor()
    return _write_comment(comment_submission(node, actor, instance_id, text, form_id=form_id, project_id=project_id))


@dataclass(frozen=True, slots=True)
class _Looking:
    """A list as somebody sees it. `levels` None: all of its submissions, up to the same level."""

    node: Node
    project_id: int
    form_id: str
    sight: Sight
    levels: Mapping[str, Level] | None

    def level_of(self, root_id: str) -> Level | None:
        """Return up to which level a submission is shown in a list; severe answers stand in none."""
        whole = self.sight.lowest if self.sight.has_every_row else None
        level = self.sight.lowest if self.levels is None else self.levels.get(root_id, whole)
        return None if level is None else min(level, EXPORT_CEILING)


def _look(project_id: int, form_id: str) -> _Looking:
    node = current_node()
    sight = get_sight(node, require_actor(), project_id, form_id)
    consumers.resolve_received(node, seconds=PATIENCE_SECONDS)
    is_even = sight.has_every_row and sight.lowest == sight.level
    levels = None if is_even else find_levels(node, sight, project_id, form_id)
    return _Looking(node, project_id, form_id, sight, levels)


def _find_shown(project_id: int, form_id: str, instance_id: str) -> tuple[_Looking, ShownSubmission]:
    looking = _look(project_id, form_id)
    with looking.node.database.read() as session:
        found = submission_details.find_details(session, project_id, form_id, instance_id)
    if found is None or looking.level_of(found.root_id) is None:
        raise NotFound
    return looking, found


def _write_found(project_id: int, form_id: str, instance_id: str) -> dict[str, Any]:
    return _write_submission(*_find_shown(project_id, form_id, instance_id))


def _iter_written(looking: _Looking, *, limit: int | None, offset: int) -> Iterator[str]:
    """Write the list piece by piece; the request's context is gone by then, so what it said is read before."""
    found = (shown for shown in _iter_shown(looking) if looking.level_of(shown.root_id) is not None)
    is_wanted_extended = is_extended()
    end = None if limit is None else offset + limit
    return (
        json.dumps(_write_submission(looking, shown, is_full=is_wanted_extended), ensure_ascii=False)
        for shown in islice(found, offset, end)
    )


def _iter_shown(looking: _Looking) -> Iterator[ShownSubmission]:
    """Read the list, each piece of its own snapshot: a slow client must not hold one for long."""
    after = None
    while True:
        with looking.node.database.read() as session:
            found = submission_details.iter_details(
                session, looking.project_id, looking.form_id, after=after, limit=AT_A_TIME
            )
        yield from found
        if not found:
            return
        after = found[-1].place


def _in_brackets(written: Iterator[str]) -> Iterator[str]:
    yield "["
    for number, piece in enumerate(written):
        yield f",{piece}" if number else piece
    yield "]\n"


def _write_submission(looking: _Looking, shown: ShownSubmission, *, is_full: bool | None = None) -> dict[str, Any]:
    """Write Central's Submission. No user agent is kept of uploads."""
    current = shown.current
    level = looking.level_of(shown.root_id)
    sees_name = level is not None and looking.sight.level_of("/meta/instanceName") <= level
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
            "instanceName": read_instance_name(current.xml) if sees_name else None,
            "submitterId": current.submitter_id,
            "deviceId": current.device_id,
            "userAgent": None,
            "createdAt": write_time(current.received_at),
            "current": True,
        },
    }
    if not (is_extended() if is_full is None else is_full):
        return written
    return {**written, "submitter": _write_submitter(looking.node, shown.submitter_id)}


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
    return {**written, "actor": write_actor(author) if author else None} if is_extended() else written
