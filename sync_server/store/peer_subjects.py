"""Which submissions a peer has had whole, since which change of ours; and what left its scope."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.orm import Session

from sync_server.store.engine import insert_for
from sync_server.store.tables import peer_subjects, peer_withdrawals, projects

_t, _w = peer_subjects.c, peer_withdrawals.c
OUT, IN = "out", "in"
LEFT = ""  # the scope of what a peer has and should not have any more
KEPT: Mapping[str, Any] = {"kept": True}  # the receipt of an order that was called off: it is in scope again
Root = tuple[int, str, str]
"""A submission: project, form, root instance."""


@dataclass(frozen=True, slots=True)
class Entered:
    """Since which change of ours a peer has a submission, and under which scope."""

    seq: int
    scope_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """An order to remove a submission: ours to a peer (`out`), or a peer's that was carried out here (`in`)."""

    id: str
    peer_id: str
    project_id: int
    form_id: str
    root_id: str
    direction: str
    ordered_at: datetime
    done_at: datetime | None
    receipt: Mapping[str, Any] | None


def find_entered(session: Session, peer_id: str, roots: Iterable[Root]) -> dict[Root, Entered]:
    """Load which of these submissions the peer has had."""
    found: dict[Root, Entered] = {}
    wanted = sorted(set(roots))
    for start in range(0, len(wanted), 300):
        key = tuple_(_t.project_id, _t.form_id, _t.root_id)
        query = select(_t.project_id, _t.form_id, _t.root_id, _t.entered_seq, _t.scope_hash)
        query = query.where(_t.peer_id == peer_id, key.in_(wanted[start : start + 300]))
        for project_id, form_id, root_id, seq, scope_hash in session.execute(query):
            found[(project_id, form_id, root_id)] = Entered(seq, scope_hash)
    return found


def put_entered(session: Session, peer_id: str, entered: Mapping[Root, Entered]) -> None:
    rows = [
        {
            **{"peer_id": peer_id, "project_id": project_id, "form_id": form_id, "root_id": root_id},
            **{"entered_seq": entered[root].seq, "scope_hash": entered[root].scope_hash},
        }
        for root in sorted(entered)
        for project_id, form_id, root_id in [root]
    ]
    if rows:
        statement = insert_for(session)(peer_subjects)
        key = ("peer_id", "project_id", "form_id", "root_id")
        changed = {name: statement.excluded[name] for name in ("entered_seq", "scope_hash")}
        session.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), rows)


def note_left(session: Session, peer_id: str, roots: Iterable[Root]) -> None:
    """Note that these submissions left the peer's scope: the peer has them, and no more what comes to them."""
    for project_id, form_id, root_id in sorted(set(roots)):
        of_root = (_t.project_id == project_id, _t.form_id == form_id, _t.root_id == root_id)
        session.execute(update(peer_subjects).where(_t.peer_id == peer_id, *of_root).values(scope_hash=LEFT))


def delete_entered(session: Session, peer_id: str, root: Root) -> None:
    of_root = (_t.project_id == root[0], _t.form_id == root[1], _t.root_id == root[2])
    session.execute(delete(peer_subjects).where(_t.peer_id == peer_id, *of_root))


def find_withdrawal(session: Session, id: str) -> Withdrawal | None:
    row = session.execute(select(peer_withdrawals).where(_w.id == id)).first()
    return Withdrawal(**row._mapping) if row else None


def find_open_withdrawals(session: Session, peer_id: str, roots: Iterable[Root]) -> dict[Root, str]:
    """Find the orders to this peer that it has not answered yet, by submission."""
    wanted = set(roots)
    query = select(_w.project_id, _w.form_id, _w.root_id, _w.id)
    open_ones = query.where(_w.peer_id == peer_id, _w.direction == OUT, _w.done_at.is_(None))
    return {
        (project_id, form_id, root_id): id
        for project_id, form_id, root_id, id in session.execute(open_ones)
        if (project_id, form_id, root_id) in wanted
    }


def find_withdrawn(session: Session, peer_id: str, names: Iterable[Root]) -> set[Root]:
    """Say which of these the peer was ever told to remove."""
    wanted = sorted(set(names))
    found: set[Root] = set()
    for start in range(0, len(wanted), 300):
        key = tuple_(_w.project_id, _w.form_id, _w.root_id)
        query = select(_w.project_id, _w.form_id, _w.root_id).where(_w.peer_id == peer_id, _w.direction == OUT)
        found.update(map(tuple, session.execute(query.where(key.in_(wanted[start : start + 300])))))
    return found


def iter_withdrawals(session: Session, peer_id: str) -> list[Withdrawal]:
    """List a peer's withdrawals, oldest first."""
    query = select(peer_withdrawals).where(_w.peer_id == peer_id).order_by(_w.ordered_at, _w.id)
    return [Withdrawal(**row._mapping) for row in session.execute(query)]


def add_withdrawal(session: Session, withdrawal: Withdrawal) -> None:
    """Add an order; one that is there already stays as it is."""
    row = {name: getattr(withdrawal, name) for name in Withdrawal.__dataclass_fields__}
    session.execute(insert_for(session)(peer_withdrawals).values(row).on_conflict_do_nothing())


def end_withdrawal(session: Session, id: str, *, done_at: datetime, receipt: Mapping[str, Any]) -> None:
    """Note that an order was carried out, or called off."""
    session.execute(update(peer_withdrawals).where(_w.id == id).values(done_at=done_at, receipt=dict(receipt)))


def find_projects(session: Session, peer_id: str) -> dict[int, str]:
    """Return number → uid of the projects of which a peer has had submissions."""
    query = select(projects.c.id, projects.c.uid).join(peer_subjects, _t.project_id == projects.c.id)
    return {row.id: row.uid for row in session.execute(query.where(_t.peer_id == peer_id).distinct())}
