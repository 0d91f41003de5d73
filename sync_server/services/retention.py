"""Retention: erase what of a form is beyond an age, once by hand or every day by the form's rule.

The rule is a decision about the form, so it has an author and a reason, and travels with the node's back-up. A form has
none until somebody sets one. Age counts from the first receipt of a submission, not from an edit of it. A rule erases
for ever and unattended, so it waits while the machine's clock is in doubt.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from uuid import uuid4

from sqlalchemy.orm import Session

from sync_server.core.ages import before_age
from sync_server.errors import NotThatOld
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.access import require, require_somewhere
from sync_server.services.erase_submissions import (
    AT_A_TIME,
    ERASE,
    Request,
    erase_subjects,
    finish,
    start_request,
)
from sync_server.services.finish_erasures import finish_erasures
from sync_server.services.project_home import is_led_here, require_led_here
from sync_server.store import erasure_reads, forms, health
from sync_server.store.accounts import Actor
from sync_server.store.decisions import StoredDecision, add_decision
from sync_server.store.erasure_reads import RETENTION, Beyond
from sync_server.store.snapshot import claim

log = logging.getLogger(__name__)

NO_RULE = ""
QUIET = timedelta(days=92)  # without anything new; with more, somebody has to look before a rule erases
DRIFT = timedelta(days=1)
CLAIM = 0x53594E52  # any constant: the lock of who applies the rules


@dataclass(frozen=True, slots=True)
class Rule:
    """How long submissions of a form are kept; NO_RULE: for ever."""

    project_id: int
    form_id: str
    age: str
    reason: str
    decided_at: datetime


def count_older(
    node: Node, actor: Actor | None, form_id: str, age: str, *, project_id: int = 1, now: datetime | None = None
) -> int:
    """Count what an erasure by this age would take, without changing anything."""
    require(node, actor, ERASE, project_id=project_id, form_id=form_id)
    now = now or datetime.now(UTC)
    before = _before(now, age)
    consumers.catch_up(node)
    with node.database.read() as session:
        forms.get_form(session, project_id, form_id)
        beyond = erasure_reads.find_beyond(session, project_id, form_id, before=before, now=now)
        return erasure_reads.count_older(session, beyond)


def erase_older(
    node: Node, actor: Actor | None, form_id: str, age: str, *, reason: str, project_id: int = 1,
    now: datetime | None = None, should_stop: Callable[[], bool] = lambda: False,
) -> str | None:  # fmt: skip
    """Erase the submissions of a form first received before an age; return the receipt's id, None when none was."""
    request = start_request(node, actor, "age", reason, project_id=project_id, form_id=form_id)
    now = now or datetime.now(UTC)
    before = _before(now, age)
    consumers.catch_up(node)
    with node.database.read() as session:
        forms.get_form(session, project_id, form_id)
        beyond = erasure_reads.find_beyond(session, project_id, form_id, before=before, now=now)
    count = _erase_beyond(node, request, beyond, should_stop)
    if not count:
        return None
    finish(node, request)
    return request.id


def set_rule(node: Node, actor: Actor | None, form_id: str, age: str, *, reason: str, project_id: int = 1) -> None:
    """Let the node erase every day what of a form is beyond an age; NO_RULE ends that."""
    require(node, actor, ERASE, project_id=project_id, form_id=form_id)
    require_led_here(node, project_id)
    if age != NO_RULE:
        _before(datetime.now(UTC), age)
    node.write(lambda session: _decide(session, actor, project_id, form_id, age, reason))
    log.info("retention form_id=%s age=%s node=%s", form_id, age or "none", node.id)


def list_rules(node: Node, actor: Actor | None) -> list[Rule]:
    """List the rule of each form that has one and that the actor could set."""
    scope = require_somewhere(node, actor, ERASE)
    with node.database.read() as session:
        decided = erasure_reads.iter_decisions(session, RETENTION)
    newest = {(d.project_id, d.form_id): d for d in decided}
    rules = (Rule(d.project_id, d.form_id, d.body["age"], d.reason, d.decided_at) for d in newest.values())
    return [rule for rule in rules if rule.age != NO_RULE and scope.may(ERASE, rule.project_id, rule.form_id)]


def apply_rules(node: Node, should_stop: Callable[[], bool] = lambda: False) -> list[str]:
    """Do what the rules ask for today, and what earlier erasures left undone; return the receipts' ids.

    A rule of a project that another node leads rests: what its home erases is erased here as well.
    """
    with claim(node.database, CLAIM) as is_ours:
        if not is_ours:
            return []
        finish_erasures(node)
        rules = [rule for rule in list_rules(node, None) if is_led_here(node, rule.project_id)]
        if rules and _is_clock_doubtful(node, datetime.now(UTC)):
            log.error("retention not applied: is the clock right? By hand: sync-server erase node=%s", node.id)
            return []
        made = [
            erase_older(
                node, None, rule.form_id, rule.age, reason=f"Retention rule: {rule.reason}",
                project_id=rule.project_id, should_stop=should_stop,
            )
            for rule in rules
            if not should_stop()
        ]  # fmt: skip
    return [id for id in made if id is not None]


def _erase_beyond(node: Node, request: Request, beyond: Beyond, should_stop: Callable[[], bool]) -> int:
    count = 0
    while not should_stop():
        with node.database.read() as session:
            found = erasure_reads.find_older(session, beyond, limit=AT_A_TIME)
        done = erase_subjects(node, request, [(beyond.project_id, beyond.form_id, root) for root, _ in found])
        count += done
        if not done:
            break
    return count


def _is_clock_doubtful(node: Node, now: datetime) -> bool:
    """Whether the clock may have jumped: far beyond the newest of what is here, or beside the tablets' clocks."""
    with node.database.read() as session:
        newest = health.find_newest_moment(session)
        offsets = [offset for _tablet, offset in health.iter_clock_offsets(session, now - QUIET)]
    is_beside = bool(offsets) and abs(median(offsets)) > DRIFT.total_seconds()
    return is_beside or (newest is not None and now > newest + QUIET)


def _before(now: datetime, age: str) -> datetime:
    try:
        return before_age(now, age)
    except ValueError as error:
        raise NotThatOld(age=age) from error


def _decide(session: Session, actor: Actor | None, project_id: int, form_id: str, age: str, reason: str) -> None:
    forms.get_form(session, project_id, form_id)
    before = [d for d in erasure_reads.iter_decisions(session, RETENTION) if d.subject == form_id]
    decision = StoredDecision(
        id=uuid4().hex,
        kind=RETENTION,
        project_id=project_id,
        form_id=form_id,
        subject=form_id,
        parents=tuple(d.id for d in before if d.project_id == project_id)[-1:],
        body={"age": age},
        author_id=actor.id if actor else None,
        decided_at=datetime.now(UTC),
        reason=reason,
    )
    add_decision(session, decision)
