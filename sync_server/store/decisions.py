"""Decisions: what people settled. Only ever appended; undoing one is another decision."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from sync_server.store import changes
from sync_server.store.changes import Change
from sync_server.store.tables import decisions, node


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDecision:
    """One decision. `subject` is the root instanceID (or form id) it is about; `parents` name what its author saw."""

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
    session.execute(
        insert(decisions).values(
            id=decision.id,
            kind=decision.kind,
            project_id=decision.project_id,
            form_id=decision.form_id,
            subject=decision.subject,
            parents=sorted(decision.parents),
            body=decision.body,
            author_id=decision.author_id,
            decided_at=decision.decided_at,
            reason=decision.reason,
            node=select(node.c.id).scalar_subquery(),
        )
    )
    changes.append(session, [Change("decision", decision.subject, decision.id)])


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
