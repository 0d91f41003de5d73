"""Decisions: what people settled. Only ever appended; undoing one is another decision."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from sync_server.core.entity_root import list_of
from sync_server.store import changes
from sync_server.store.changes import Change
from sync_server.store.tables import decisions, node


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDecision:
    """One decision. `subject` is the root instanceID (or form id) it is about; `parents` name what its author saw.

    About an entity, `form_id` is its list and `subject` its id; about a list, both are its name.
    """

    id: str
    kind: str
    project_id: int
    form_id: str
    subject: str
    parents: tuple[str, ...]
    body: dict[str, Any]
    author_id: int | None
    decided_at: datetime
    reason: str


def add_decision(session: Session, decision: StoredDecision) -> None:
    """Append a decision and its change; call it last in the transaction."""
    add_decisions(session, [decision])


def add_decisions(session: Session, made: Sequence[StoredDecision]) -> None:
    """Append decisions and their changes; call it last in the transaction."""
    node_id = session.scalar(select(node.c.id))
    rows = [
        {
            "id": each.id,
            "kind": each.kind,
            "project_id": each.project_id,
            "form_id": each.form_id,
            "subject": each.subject,
            "parents": sorted(each.parents),
            "body": each.body,
            "author_id": each.author_id,
            "decided_at": each.decided_at,
            "reason": each.reason,
            "node": node_id,
        }
        for each in made
    ]
    if rows:
        session.execute(insert(decisions), rows)
        changes.append(session, [change_of(each) for each in made])


def change_of(made: StoredDecision) -> Change:
    """Make the change that tells of a decision: those about entities and lists concern other readers of the feed."""
    kind = "entity" if list_of(made.form_id) is not None else _TELLS.get(made.kind, "decision")
    return Change(kind, made.subject, made.id)


_TELLS = {"entity": "entity", "list": "entity_list"}


def find_decisions(session: Session, subjects: Iterable[str]) -> list[StoredDecision]:
    """Load the decisions about these subjects, by id."""
    names = sorted(set(subjects))
    found: list[StoredDecision] = []
    for start in range(0, len(names), 500):
        query = select(*_COLUMNS).where(decisions.c.subject.in_(names[start : start + 500]))
        found += [_decision(row) for row in session.execute(query.order_by(decisions.c.id))]
    return found


def iter_decisions(session: Session, after: str = "", *, limit: int = 500) -> list[StoredDecision]:
    """List all decisions by id, from `after` on."""
    query = select(*_COLUMNS).where(decisions.c.id > after).order_by(decisions.c.id).limit(limit)
    return [_decision(row) for row in session.execute(query)]


_NAMES = ("id", "kind", "project_id", "form_id", "subject", "parents", "body", "author_id", "decided_at", "reason")
_COLUMNS = tuple(decisions.c[name] for name in _NAMES)


def _decision(row: Any) -> StoredDecision:
    values = dict(zip(_NAMES, row, strict=True))
    return StoredDecision(**{**values, "parents": tuple(values["parents"])})
