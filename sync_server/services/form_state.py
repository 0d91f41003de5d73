"""Open, closing, closed: what tablets are told of a form. Every change is a decision, with who, when and why.

open: tablets get the form. closing: it is taken off the list, and what was filled is still taken. closed: what still
comes is stored too, and waits for a person (nothing well-formed is refused).
"""

import logging
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from sync_server.core.form_states import STATES, find_heads, fold_form_state
from sync_server.core.submission_state import Decision
from sync_server.errors import UnexpectedValue
from sync_server.node import Node
from sync_server.services.access import require
from sync_server.services.audit import make_act, noted, write_act
from sync_server.services.project_home import require_led_here
from sync_server.store import decisions, forms, replicated_forms
from sync_server.store.accounts import Actor
from sync_server.store.assignments import actee_of
from sync_server.store.decisions import StoredDecision
from sync_server.store.forms import Form

log = logging.getLogger(__name__)

KIND = "form_state"


def set_form_state(
    node: Node, actor: Actor | None, form_id: str, state: str, *, project_id: int = 1, reason: str = ""
) -> Form:
    """Set the state of a form; the state it has already is no new decision."""
    require(node, actor, "form.update", project_id=project_id, form_id=form_id)
    require_state(state)
    require_led_here(node, project_id)
    form = node.write(noted(lambda session: decide_form_state(session, actor, project_id, form_id, state, reason)))
    log.info("form state form_id=%s state=%s node=%s", form_id, state, node.id)
    return form


def require_state(state: Any) -> None:
    """Raise UnexpectedValue for what no form can be."""
    if state not in STATES:
        raise UnexpectedValue(field="state", value=str(state)[:40], reason=f"it must be one of {', '.join(STATES)}.")


def decide_form_state(
    session: Session, actor: Actor | None, project_id: int, form_id: str, state: str, reason: str
) -> Form:
    """Set the state of a form, in a transaction that may do more; the right to was asked for before."""
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
    write_act(session, make_act(actor, "form.update", actee_of(project_id, form_id), state=state))
    return forms.get_form(session, project_id, form_id)


def apply_form_state(session: Session, project_id: int, form_id: str) -> None:
    """Set a form to what was decided about it by the project's home; without a decision it stays as it is.

    What this node decided while the project was its own counts no more when another leads it.
    """
    state = fold_form_state(_decided(session, project_id, form_id))
    if state is not None:
        forms.set_state(session, project_id, form_id, state)


def has_been_decided(session: Session, project_id: int, form_id: str) -> bool:
    """Tell whether anybody has set the form's state."""
    return bool(_decided(session, project_id, form_id))


def _newest(session: Session, project_id: int, form_id: str) -> tuple[str, ...]:
    """Name the decisions that no other one follows."""
    return tuple(decision.id for decision in find_heads(_decided(session, project_id, form_id)))


def _decided(session: Session, project_id: int, form_id: str) -> list[Decision]:
    found = replicated_forms.find_decided(session, KIND, project_id, form_id)
    return [Decision(d.id, d.kind, frozenset(d.parents), d.body) for d in found]
