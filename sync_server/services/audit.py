"""Say who does what, for the audit log: the act is written in the transaction that does it.

An act is made before the write, where the request's notes are known, and written inside of it:

    act = make_act(actor, "form.update", actee_of(project_id, form_id), state=state)
    node.write(lambda session: (forms.set_state(...), write_act(session, act)))

What makes its acts inside, because only the transaction knows them, is written with `noted`: the writer has a thread of
its own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from sync_server.store import audits
from sync_server.store.accounts import Actor
from sync_server.store.audits import Act

R = TypeVar("R")

# Central writes the header X-Action-Notes into every entry of a request: no service need hand it down.
_notes: ContextVar[str | None] = ContextVar("audit_notes", default=None)


@contextmanager
def noting(notes: str | None) -> Iterator[None]:
    """Put these notes into every act that is made within."""
    token = _notes.set(notes or None)
    try:
        yield
    finally:
        _notes.reset(token)


def noted(function: Callable[[Session], R]) -> Callable[[Session], R]:
    """Take the request's notes along into the writer's thread."""
    notes = _notes.get()

    def run(session: Session) -> R:
        with noting(notes):
            return function(session)

    return run


def make_act(actor: Actor | None, action: str, actee: str | None = None, **details: Any) -> Act:
    """Make an act of this actor; None is the operator at the machine."""
    return Act(action=action, actor_id=actor.id if actor else None, actee=actee, details=details, notes=_notes.get())


def write_act(session: Session, act: Act, *, action: str | None = None, actee: str | None = None) -> None:
    """Write an act down; name its action or actee here when only this transaction knows it."""
    known = replace(act, action=action or act.action, actee=actee or act.actee)
    audits.add_audit(session, known, now=datetime.now(UTC))
