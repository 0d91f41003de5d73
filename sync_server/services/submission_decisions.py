"""Append a decision about one submission: find the submission, what was decided before, and write.

A decision names the versions and decisions its author saw, so one made elsewhere at the same time is not overruled
unseen, and a version that comes later opens the question again. Nothing that was received is altered.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from sync_server.errors import NotFound, UnexpectedValue
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.access import require_somewhere
from sync_server.services.audit import make_act, write_act
from sync_server.services.form_sight import get_level, get_sight
from sync_server.store.accounts import Actor
from sync_server.store.assignments import actee_of
from sync_server.store.audits import Act
from sync_server.store.decisions import StoredDecision, add_decision, find_decisions
from sync_server.store.quarantine import QuarantinedSubmission, find_submissions

log = logging.getLogger(__name__)

SETTLE = "quarantine.settle"
# How the audit log calls a kind of decision, in ODK Central's words where it has one; any other settles something.
ACTIONS = {"review": "submission.update", "comment": "submission.comment"}


def get_submission(
    node: Node, actor: Actor | None, instance_id: str, form_id: str | None, *, project_id: int | None = None,
    verb: str = SETTLE,
) -> QuarantinedSubmission:  # fmt: skip
    """Find a submission to which the actor may do this; of any other, nobody is told whether it is there.

    Raises NotFound, InsufficientRights, or UnexpectedValue when several forms have it.
    """
    scope = require_somewhere(node, actor, verb, project_id=project_id)
    consumers.resolve_received(node)
    with node.database.read() as session:
        named = find_submissions(session, instance_id, form_id=form_id, project_id=project_id)
    found = [s for s in named if scope.may(verb, s.project_id, s.form_id) and _is_in_sight(node, actor, s, verb)]
    if not found:
        raise NotFound
    if len(found) > 1:
        where = ", ".join(f"'{s.form_id}' in project {s.project_id}" for s in found)
        raise UnexpectedValue(
            field="instanceID", value=instance_id, reason=f"several forms have it: {where}. Name one."
        )
    return found[0]


def _is_in_sight(node: Node, actor: Actor | None, submission: QuarantinedSubmission, verb: str) -> bool:
    place = (submission.project_id, submission.form_id)
    try:
        get_level(node, get_sight(node, actor, *place, verb), *place, submission.root_id)
    except NotFound:
        return False
    return True


def find_decided(node: Node, submission: QuarantinedSubmission) -> list[StoredDecision]:
    """Load what was decided about a submission, by id."""
    names = {submission.root_id, *submission.state.instance_ids}  # the root may not have arrived
    with node.database.read() as session:
        found = find_decisions(session, names)
    return [d for d in found if (d.project_id, d.form_id) == (submission.project_id, submission.form_id)]


def decide(
    node: Node, actor: Actor | None, submission: QuarantinedSubmission, kind: str,
    bodies: Sequence[Mapping[str, Any]], *, parents: Iterable[str], reason: str,
) -> list[StoredDecision]:  # fmt: skip
    """Append one decision for each body, and bring the submission's state up to date."""
    made = [
        StoredDecision(
            id=uuid4().hex,
            kind=kind,
            project_id=submission.project_id,
            form_id=submission.form_id,
            subject=submission.root_id,
            parents=tuple(parents),
            body=dict(body),
            author_id=actor.id if actor else None,
            decided_at=datetime.now(UTC),
            reason=reason,
        )
        for body in bodies
    ]
    actee = actee_of(submission.project_id, submission.form_id)
    act = make_act(actor, ACTIONS.get(kind, SETTLE), actee, kind=kind, instanceId=submission.root_id)
    node.write(lambda session: _add_all(session, made, act))
    log.info("decided kind=%s instance=%s decisions=%d node=%s", kind, submission.root_id, len(made), node.id)
    consumers.resolve_received(node)
    return made


def _add_all(session: Session, made: Iterable[StoredDecision], act: Act) -> None:
    for decision in made:
        add_decision(session, decision)
    write_act(session, act)
