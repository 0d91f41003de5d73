"""What people did: one row for each audited act, in the transaction of the act, with a change in the feed.

Actions are ODK Central's words where it has one. Details hold ids and numbers, never answers, names or secrets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, insert, or_, select
from sqlalchemy.orm import Session

from sync_server.store import changes
from sync_server.store.changes import Change
from sync_server.store.tables import audits

_t = audits.c

# ODK Central's groups of actions: each word stands for all that begin so.
GROUPS = {
    "user": ("user.",),
    "field_key": ("field_key.",),
    "public_link": ("public_link.",),
    "project": ("project.",),
    "form": ("form.",),
    "submission": ("submission.",),
    "dataset": ("dataset.",),
    "entity": ("entity.",),
    "config": ("config.",),
    "export": ("export.", "form.submissions.export"),
    "quarantine": ("quarantine.",),
}
_LONGEST_ACT = timedelta(minutes=10)  # between what is decided and its being written down: 100,000 take a minute
# What happens with every submission or look, and would hide the rest.
VERBOSE = ("submission.create", "submission.update", "submission.attachment", "entity.", "user.session.create")


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that somebody did. `actee` is "project:1", "form:1/visit", "actor:5", or None for the site."""

    action: str
    actor_id: int | None
    actee: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class Audit:
    """An act as it was written down."""

    id: int
    act: Act
    logged_at: datetime


def add_audit(session: Session, act: Act, *, now: datetime) -> int:
    """Write an act down, in the transaction that does it; return its number."""
    change = write_audit(session, act, now=now)
    changes.append(session, [change])
    return int(change.key.partition(":")[2])


def write_audit(session: Session, act: Act, *, now: datetime) -> Change:
    """As `add_audit`, and return the change for whoever appends several at once."""
    values = {"action": act.action, "actor_id": act.actor_id, "actee": act.actee, "details": dict(act.details)}
    statement = insert(audits).values({**values, "notes": act.notes or None, "logged_at": now})
    audit_id: int = session.execute(statement.returning(_t.id)).scalar_one()
    return Change("audit", f"audit:{audit_id}", act.action)


def iter_audits(
    session: Session, *, action: str | None = None, start: datetime | None = None, end: datetime | None = None,
    actee: str | None = None, limit: int | None = None, offset: int = 0,
) -> list[Audit]:  # fmt: skip
    """List acts, the newest first: of an action or a group of them, from `start` until before `end`."""
    query = select(audits).order_by(_t.logged_at.desc(), _t.id.desc())
    if action:
        query = query.where(_of_action(action))
    if start:
        query = query.where(_t.logged_at >= start)
    if end:
        query = query.where(_t.logged_at < end)
    if actee:
        query = query.where(_t.actee == actee)
    found = session.execute(query.limit(limit).offset(offset))
    return [Audit(row.id, _to_act(row), row.logged_at) for row in found]


def find_entity_act(
    session: Session, actee: str, action: str, entity_id: str, *, actor_id: int | None, since: datetime
) -> Audit | None:
    """Find the act on a list by which somebody did this to an entity: of its own, or with many others at once."""
    named = _t.details["entity"].as_string()
    query = select(audits).where(_t.actee == actee, _t.action == action, _t.logged_at >= since)
    query = query.where(_t.logged_at < since + _LONGEST_ACT, or_(named == entity_id, named.is_(None)))
    query = query.where(_t.actor_id.is_(None) if actor_id is None else _t.actor_id == actor_id)
    row = session.execute(query.order_by(_t.logged_at, _t.id).limit(1)).first()
    return Audit(row.id, _to_act(row), row.logged_at) if row else None


def _of_action(action: str) -> ColumnElement[bool]:
    if action == "nonverbose":
        return ~or_(*(_t.action.startswith(prefix, autoescape=True) for prefix in VERBOSE))
    if action in GROUPS:
        return or_(*(_t.action.startswith(prefix, autoescape=True) for prefix in GROUPS[action]))
    return _t.action == action


def _to_act(row: Any) -> Act:
    return Act(action=row.action, actor_id=row.actor_id, actee=row.actee, details=row.details, notes=row.notes)
