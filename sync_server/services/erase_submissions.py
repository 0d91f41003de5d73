"""Erase submissions whole: one by its instanceID, or those of a form beyond an age.

What goes is the whole family: every version, edit and variant, held ones too, their files and receipts. What stays is
the decision, with ids and counts, and a block, so that nothing of it comes back from a tablet, a node or a back-up.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy.orm import Session

from sync_server.errors import NotFound, UnexpectedValue
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.access import require
from sync_server.services.apply_erasure import UPLOAD, Taken, Target, take_away
from sync_server.services.audit import make_act, write_act
from sync_server.services.erasable import require_erasable
from sync_server.services.erase_entities import Cause, erase_registered, find_registered
from sync_server.services.finish_erasures import finish_erasures
from sync_server.services.project_home import require_led_here
from sync_server.services.resolve_submissions import load_families
from sync_server.store import erasures
from sync_server.store.accounts import Actor
from sync_server.store.assignments import actee_of
from sync_server.store.audits import Act
from sync_server.store.blocks import NO_PROJECT, WHOLE
from sync_server.store.decisions import StoredDecision, add_decision
from sync_server.store.erasure_reads import ERASURE

log = logging.getLogger(__name__)

ERASE = "submission.erase"
SUBMISSION = "submission"
AT_A_TIME = 50  # subjects in one transaction: uploads wait behind it


@dataclass(frozen=True, slots=True)
class Request:
    """One order to erase: all its decisions carry its id, which is that of the receipt."""

    what: str
    reason: str
    author_id: int | None
    act: Act
    id: str = field(default_factory=lambda: uuid4().hex)
    decided_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Subject:
    """What an erasure is about: a submission by its root, and every instance known of it."""

    project_id: int
    form_id: str
    root_id: str
    instances: tuple[str, ...]


def erase_submission(
    node: Node, actor: Actor | None, instance_id: str, *, reason: str, project_id: int = 1, form_id: str | None = None
) -> str:
    """Erase a submission, or by `sha256:…` an upload that could not be read; return the receipt's id."""
    request = start_request(node, actor, SUBMISSION, reason, project_id=project_id, form_id=form_id)
    node.write(lambda session: _erase_named(session, request, project_id, form_id, instance_id))
    finish(node, request)
    return request.id


def erase_subjects(node: Node, request: Request, subjects: Sequence[tuple[int, str, str]]) -> int:
    """Erase submissions given as (project, form, root), some in each transaction; return how many there were."""
    done = 0
    for start in range(0, len(subjects), AT_A_TIME):
        part = subjects[start : start + AT_A_TIME]
        done += node.write(lambda session, part=part: _erase_all(session, request, part))  # type: ignore[misc]
    return done


def start_request(
    node: Node, actor: Actor | None, what: str, reason: str, *, project_id: int, form_id: str | None
) -> Request:
    """Begin an erasure; raise NotFound or InsufficientRights to who may not erase there."""
    require(node, actor, ERASE, project_id=project_id, form_id=form_id)
    if what != SUBMISSION:
        require_led_here(node, project_id)  # a person's answers, or old ones, lie at other offices as well
    if not reason.strip():
        raise UnexpectedValue(field="reason", value=reason, reason="an erasure is explained, without names or answers.")
    consumers.fold_received(node)  # what submissions registered is erased with them
    act = make_act(actor, ERASE, actee_of(project_id, form_id), what=what)
    return Request(what, reason.strip(), actor.id if actor else None, act)


def finish(node: Node, request: Request) -> None:
    """After the commit: learn the blocks, bring readers up to date and clear away."""
    node.learn_blocks()
    left = finish_erasures(node)
    log.info("erased what=%s erasure=%s unfinished=%d node=%s", request.what, request.id, len(left), node.id)


def find_subjects(session: Session, project_id: int, form_id: str | None, instance_id: str) -> list[Subject]:
    """Find the submissions that have this instance, as original or as edit, in any form or in one."""
    return [
        Subject(project_id, family.form_id, state.root_id, tuple({state.root_id: None, **dict.fromkeys(ids)}))
        for family in load_families(session, [instance_id])
        if family.project_id == project_id and form_id in (None, family.form_id)
        for state in family.states
        if instance_id in (ids := state.instance_ids) or instance_id == state.root_id
    ]


def note_erasure(session: Session, request: Request, project_id: int, form_id: str) -> None:
    """Write down, in the transaction that erases, that a submission went; the receipt has its id."""
    details = {**request.act.details, "erasure": request.id}
    write_act(session, replace(request.act, actee=actee_of(project_id or None, form_id), details=details))


def make_decision(
    request: Request, subject: Subject, decision_id: str, scope: str, taken: Taken, **more: object
) -> StoredDecision:
    """Make the decision about one subject out of what it took."""
    return StoredDecision(
        id=decision_id,
        kind=ERASURE,
        project_id=subject.project_id,
        form_id=subject.form_id,
        subject=subject.root_id,
        parents=tuple(version["sha256"] for version in taken.versions),
        body={"erasure": request.id, "what": request.what, "scope": scope, **taken.to_json(), **more},
        author_id=request.author_id,
        decided_at=request.decided_at,
        reason=request.reason,
    )


def _erase_named(session: Session, request: Request, project_id: int, form_id: str | None, instance_id: str) -> None:
    if instance_id.startswith(UPLOAD) and erasures.find_unreadable(session, instance_id.removeprefix(UPLOAD)):
        return _erase(session, request, Subject(NO_PROJECT, "", instance_id, (instance_id,)))
    found = find_subjects(session, project_id, form_id, instance_id)
    if not found:
        raise NotFound
    if len(found) > 1:
        where = ", ".join(sorted({f"'{subject.form_id}'" for subject in found}))
        raise UnexpectedValue(
            field="instanceID", value=instance_id, reason=f"several submissions have it, in {where}. Name the form."
        )
    _erase(session, request, found[0])


def _erase_all(session: Session, request: Request, subjects: Sequence[tuple[int, str, str]]) -> int:
    done = 0
    for project_id, form_id, root_id in subjects:
        for subject in find_subjects(session, project_id, form_id, root_id):
            if subject.root_id == root_id:
                _erase(session, request, subject)
                done += 1
    return done


def _erase(session: Session, request: Request, subject: Subject) -> None:
    decision_id = uuid4().hex
    target = Target(
        decision_id=decision_id,
        project_id=subject.project_id,
        form_id=subject.form_id,
        instances=subject.instances,
    )
    require_erasable(session, target)
    registered = find_registered(session, subject.project_id, subject.form_id, subject.instances)
    taken = take_away(session, target)
    decision = make_decision(request, subject, decision_id, WHOLE, taken)
    add_decision(session, decision)
    erase_registered(session, Cause.of(decision), registered)
    note_erasure(session, request, subject.project_id, subject.form_id)
