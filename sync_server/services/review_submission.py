"""Decide about submissions: let a held one in, choose between contents that disagree, review, comment.

Each is an appended decision (`submission_decisions`); a later one changes what an earlier one said.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sync_server.core.scope import EXPORT_CEILING, READ
from sync_server.core.submission_state import FIELD, REVIEW, REVIEW_STATES, VARIANT
from sync_server.errors import MissingParameter, UnexpectedValue
from sync_server.node import Node
from sync_server.services.form_sight import get_level, get_sight
from sync_server.services.submission_decisions import decide, find_decided, get_submission
from sync_server.store import accounts
from sync_server.store.accounts import Actor
from sync_server.store.decisions import StoredDecision
from sync_server.store.quarantine import QuarantinedSubmission
from sync_server.store.submission_reads import HELD_REASONS

ACCEPT, CHOOSE, COMMENT = "accept", "choose", "comment"
WHOLE = "/"
REVIEW_VERB = "submission.review"
LONGEST_COMMENT = 100_000  # characters: it travels with the submission to every node


def accept_submission(
    node: Node, actor: Actor | None, instance_id: str, *, reason: str, form_id: str | None = None
) -> Sequence[str]:
    """Let in what came for a closed form or from a revoked tablet; return the versions that were let in."""
    submission = get_submission(node, actor, instance_id, form_id)
    held = tuple(sorted({version for flag in submission.flags if _is_held(flag) for version in flag["versions"]}))
    if not held:
        raise UnexpectedValue(field="submission", value=instance_id, reason="it does not wait to be accepted.")
    decide(node, actor, submission, ACCEPT, [{}], parents=held, reason=reason)
    return held


def choose_version(
    node: Node, actor: Actor | None, instance_id: str, version: str, *, reason: str, form_id: str | None = None,
    path: str | None = None,
) -> str:  # fmt: skip
    """Settle what disagrees in a submission in favour of one version, or only the field at `path`.

    `version` may be the beginning of its id. Returns the whole id.
    """
    submission = get_submission(node, actor, instance_id, form_id)
    decided = find_decided(node, submission)
    questions = [q for q in _questions(submission, decided) if path in (None, q.conflict_path)]
    chosen = _get_version(questions, version)
    paths = {path if path and q.path else q.path for q in questions if chosen in q.versions}
    bodies = [{"version": chosen, **({"path": p} if p else {})} for p in sorted(paths, key=str)]
    decide(node, actor, submission, CHOOSE, bodies, parents=_seen(submission, decided), reason=reason)
    return chosen


def review_submission(
    node: Node, actor: Actor | None, instance_id: str, state: str | None, *, reason: str, form_id: str | None = None,
    project_id: int | None = None,
) -> str | None:  # fmt: skip
    """Say what a person thinks of a submission as it is now; return the state it has then, None for received.

    `state` is one of REVIEW_STATES. A review of somebody else that this person could see is answered by this one.
    """
    if state not in REVIEW_STATES:
        raise UnexpectedValue(field="reviewState", value=state, reason=f"it must be one of {', '.join(REVIEW_STATES)}.")
    submission = get_submission(node, actor, instance_id, form_id, project_id=project_id, verb=REVIEW_VERB)
    seen = _seen(submission, find_decided(node, submission))
    decide(node, actor, submission, REVIEW, [{"state": state}], parents=seen, reason=reason)
    return _again(node, actor, submission).state.review_state


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote about a submission. `author` is None for the operator at the machine itself."""

    text: str
    author: Actor | None
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Comments:
    """The comments that somebody may read; `hidden` others are there."""

    shown: tuple[Comment, ...]
    hidden: int = 0


def comment_submission(
    node: Node, actor: Actor | None, instance_id: str, text: str, *, form_id: str | None = None,
    project_id: int | None = None,
) -> Comment:  # fmt: skip
    """Keep a comment on a submission."""
    if not text.strip():
        raise MissingParameter(field="body")
    if len(text) > LONGEST_COMMENT:
        raise UnexpectedValue(field="body", value="…", reason=f"it is longer than {LONGEST_COMMENT} characters.")
    submission = get_submission(node, actor, instance_id, form_id, project_id=project_id, verb=REVIEW_VERB)
    seen = _seen(submission, find_decided(node, submission))
    (made,) = decide(node, actor, submission, COMMENT, [{"text": text}], parents=seen, reason="")
    return Comment(text, actor, made.decided_at)


def list_comments(
    node: Node, actor: Actor | None, instance_id: str, *, form_id: str | None = None, project_id: int | None = None
) -> Comments:
    """List the comments on a submission, newest first; of an erased one nothing is left to list.

    What people write about answers is as sensitive as these may be: who sees less of the submission sees none of it.
    """
    submission = get_submission(node, actor, instance_id, form_id, project_id=project_id, verb=READ)
    written = [d for d in find_decided(node, submission) if d.kind == COMMENT and "text" in d.body]
    with node.database.read() as session:
        authors = {id: accounts.get_actor(session, id) for id in {d.author_id for d in written} if id is not None}
    if not _may_read_comments(node, actor, submission):
        return Comments((), len(written))
    newest_first = sorted(written, key=lambda d: (d.decided_at, d.id), reverse=True)
    return Comments(tuple(Comment(d.body["text"], authors.get(d.author_id or 0), d.decided_at) for d in newest_first))


def _may_read_comments(node: Node, actor: Actor | None, submission: QuarantinedSubmission) -> bool:
    place = (submission.project_id, submission.form_id)
    sight = get_sight(node, actor, *place)
    return get_level(node, sight, *place, submission.root_id) >= min(sight.others, EXPORT_CEILING)


@dataclass(frozen=True, slots=True)
class _Question:
    """What can be chosen between. `path` is what a decision names: None for whole contents, "/" for all fields."""

    path: str | None
    conflict_path: str
    versions: frozenset[str]


def _questions(submission: QuarantinedSubmission, decided: Iterable[StoredDecision]) -> Iterator[_Question]:
    """Find what disagrees now, and what was settled before: a person may choose again."""
    for conflict in submission.state.conflicts:
        if conflict.kind in (VARIANT, FIELD):
            path = None if conflict.kind == VARIANT else WHOLE
            yield _Question(path, conflict.path, frozenset(conflict.versions))
    for decision in decided:
        if decision.kind == CHOOSE:
            path = decision.body.get("path")
            yield _Question(path, path or "", frozenset(submission.state.versions).intersection(decision.parents))


def _is_held(flag: dict[str, Any]) -> bool:
    return flag["reason"] in HELD_REASONS


def _get_version(questions: Iterable[_Question], beginning: str) -> str:
    candidates = sorted({version for question in questions for version in question.versions})
    found = [version for version in candidates if version.startswith(beginning)]
    if len(found) == 1:
        return found[0]
    if not candidates:
        raise UnexpectedValue(field="version", value=beginning, reason="there is nothing to choose between.")
    raise UnexpectedValue(field="version", value=beginning, reason=f"choose one of {', '.join(candidates)}.")


def _again(node: Node, actor: Actor | None, of: QuarantinedSubmission) -> QuarantinedSubmission:
    return get_submission(node, actor, of.root_id, of.form_id, project_id=of.project_id, verb=REVIEW_VERB)


def _seen(submission: QuarantinedSubmission, decided: Iterable[StoredDecision]) -> tuple[str, ...]:
    """Name all that a person could see: the versions, and what was decided before."""
    return (*submission.state.versions, *(decision.id for decision in decided))
