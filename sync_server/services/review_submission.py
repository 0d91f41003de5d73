"""Decide about submissions that wait: let a held one in, choose between contents that disagree.

A decision names the versions and decisions its author saw, so one made elsewhere at the same time is not overruled
unseen, and a version that comes later opens the question again. Nothing that was received is altered.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from sync_server.core.submission_state import FIELD, VARIANT
from sync_server.errors import NotFound, UnexpectedValue
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.access import require_somewhere
from sync_server.services.audit import make_act, write_act
from sync_server.store.accounts import Actor
from sync_server.store.assignments import actee_of
from sync_server.store.audits import Act
from sync_server.store.decisions import StoredDecision, add_decision, find_decisions
from sync_server.store.quarantine import QuarantinedSubmission, find_submissions
from sync_server.store.submission_reads import HELD_REASONS

log = logging.getLogger(__name__)

ACCEPT, CHOOSE = "accept", "choose"
WHOLE = "/"
SETTLE = "quarantine.settle"


def accept_submission(
    node: Node, actor: Actor | None, instance_id: str, *, reason: str, form_id: str | None = None
) -> Sequence[str]:
    """Let in what came for a closed form or from a revoked tablet; return the versions that were let in."""
    submission = _get_submission(node, actor, instance_id, form_id)
    held = tuple(sorted({version for flag in submission.flags if _is_held(flag) for version in flag["versions"]}))
    if not held:
        raise UnexpectedValue(field="submission", value=instance_id, reason="it does not wait to be accepted.")
    _decide(node, actor, submission, ACCEPT, [{}], parents=held, reason=reason)
    return held


def choose_version(
    node: Node, actor: Actor | None, instance_id: str, version: str, *, reason: str, form_id: str | None = None,
    path: str | None = None,
) -> str:  # fmt: skip
    """Settle what disagrees in a submission in favour of one version, or only the field at `path`.

    `version` may be the beginning of its id. Returns the whole id.
    """
    submission = _get_submission(node, actor, instance_id, form_id)
    decided = _decisions(node, submission)
    questions = [q for q in _questions(submission, decided) if path in (None, q.conflict_path)]
    chosen = _get_version(questions, version)
    paths = {path if path and q.path else q.path for q in questions if chosen in q.versions}
    bodies = [{"version": chosen, **({"path": p} if p else {})} for p in sorted(paths, key=str)]
    seen = (*submission.state.versions, *(d.id for d in decided))
    _decide(node, actor, submission, CHOOSE, bodies, parents=seen, reason=reason)
    return chosen


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


def _get_submission(node: Node, actor: Actor | None, instance_id: str, form_id: str | None) -> QuarantinedSubmission:
    """Find a submission that the actor may settle; of any other, nobody is told whether it is there."""
    scope = require_somewhere(node, actor, SETTLE)
    consumers.catch_up(node)
    with node.database.read() as session:
        named = [s for s in find_submissions(session, instance_id) if form_id in (None, s.form_id)]
    found = [s for s in named if scope.sees_whole(s.project_id, s.form_id, SETTLE)]
    if not found:
        raise NotFound
    if len(found) > 1:
        where = ", ".join(f"'{s.form_id}' in project {s.project_id}" for s in found)
        raise UnexpectedValue(
            field="instanceID", value=instance_id, reason=f"several forms have it: {where}. Name one."
        )
    return found[0]


def _get_version(questions: Iterable[_Question], beginning: str) -> str:
    candidates = sorted({version for question in questions for version in question.versions})
    found = [version for version in candidates if version.startswith(beginning)]
    if len(found) == 1:
        return found[0]
    if not candidates:
        raise UnexpectedValue(field="version", value=beginning, reason="there is nothing to choose between.")
    raise UnexpectedValue(field="version", value=beginning, reason=f"choose one of {', '.join(candidates)}.")


def _decisions(node: Node, submission: QuarantinedSubmission) -> list[StoredDecision]:
    with node.database.read() as session:
        found = find_decisions(session, submission.state.instance_ids)
    return [d for d in found if (d.project_id, d.form_id) == (submission.project_id, submission.form_id)]


def _decide(
    node: Node, actor: Actor | None, submission: QuarantinedSubmission, kind: str, bodies: Sequence[dict[str, str]],
    *, parents: Sequence[str], reason: str,
) -> None:  # fmt: skip
    decisions = [
        StoredDecision(
            id=uuid4().hex,
            kind=kind,
            project_id=submission.project_id,
            form_id=submission.form_id,
            subject=submission.root_id,
            parents=tuple(parents),
            body=body,
            author_id=actor.id if actor else None,
            decided_at=datetime.now(UTC),
            reason=reason,
        )
        for body in bodies
    ]
    act = make_act(
        actor, SETTLE, actee_of(submission.project_id, submission.form_id), kind=kind, instanceId=submission.root_id
    )
    node.write(lambda session: _add_all(session, decisions, act))
    log.info("decided kind=%s instance=%s decisions=%d node=%s", kind, submission.root_id, len(decisions), node.id)
    consumers.catch_up(node)


def _add_all(session: Session, decisions: Iterable[StoredDecision], act: Act) -> None:
    for decision in decisions:
        add_decision(session, decision)
    write_act(session, act)
