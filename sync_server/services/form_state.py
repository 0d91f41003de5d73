"""Open, closing, closed: what tablets are told of a form. Every change is a decision, with who, when and why.

open: tablets get the form. closing: it is taken off the list, and what was filled is still taken. closed: what still
comes is stored too, and waits for a person (nothing well-formed is refused).
"""

import logging
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy.orm import Session

from sync_server.errors import UnexpectedValue
from sync_server.node import Node
from sync_server.services.access import require
from sync_server.services.audit import make_act, write_act
from sync_server.store import decisions, forms
from sync_server.store.accounts import Actor
from sync_server.store.assignments import actee_of
from sync_server.store.audits import Act
from sync_server.store.decisions import StoredDecision
from sync_server.store.forms import CLOSED, CLOSING, OPEN, Form

log = logging.getLogger(__name__)

STATES = (OPEN, CLOSING, CLOSED)
KIND = "form_state"


def set_form_state(
    node: Node, actor: Actor | None, form_id: str, state: str, *, project_id: int = 1, reason: str = ""
) -> Form:
    """Set the state of a form; the state it has already is no new decision."""
    require(node, actor, "form.update", project_id=project_id, form_id=form_id)
    if state not in STATES:
        raise UnexpectedValue(field="state", value=state, reason=f"it must be one of {', '.join(STATES)}.")
    act = make_act(actor, "form.update", actee_of(project_id, form_id), state=state)
    form = node.write(lambda session: _decide(session, actor, project_id, form_id, state, reason, act))
    log.info("form state form_id=%s state=%s node=%s", form_id, state, node.id)
    return form


def _decide(
    session: Session, actor: Actor | None, project_id: int, form_id: str, state: str, reason: str, act: Act
) -> Form:
    form = forms.get_form(session, project_id, form_id)
    if form.state == state:
        return form
    forms.set_state(session, project_id, form_id, state)
    decision = StoredDecision(
        id=uuid4().hex,
        kind=KIND,
        project_id=project_id,
        form_id=form_id,
        subject=form_id,
        parents=_newest(session, project_id, form_id),
        body={"state": state, "before": form.state},
        author_id=actor.id if actor else None,
        decided_at=datetime.now(UTC),
        reason=reason,
    )
    decisions.add_decision(session, decision)
    write_act(session, act)
    return forms.get_form(session, project_id, form_id)


def _newest(session: Session, project_id: int, form_id: str) -> tuple[str, ...]:
    """Name the decisions that no other one follows."""
    found = [
        decision
        for decision in decisions.find_decisions(session, [form_id])
        if decision.kind == KIND and decision.project_id == project_id
    ]
    followed = {parent for decision in found for parent in decision.parents}
    return tuple(decision.id for decision in found if decision.id not in followed)
