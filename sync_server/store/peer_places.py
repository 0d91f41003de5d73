"""Which projects this node shares with which peer, and what differs in them: for who sees some projects only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from sync_server.store.peers import ACTIVE, CENTRE
from sync_server.store.tables import assignments, form_variants, peer_rounds, peers, projects


@dataclass(frozen=True, slots=True)
class Variant:
    """Another form under the id and version of one that is in force here, not settled yet; `node` is where it is from."""

    project_id: int
    form_id: str
    version: str
    title: str
    node: str
    noticed_at: datetime


def find_shared(session: Session) -> dict[str, frozenset[int]]:
    """Map each peer to the projects shared with it: those it leads, and those in which something was granted to it."""
    led = select(projects.c.home, projects.c.id).where(projects.c.home.is_not(None))
    a = assignments.c
    granted = select(peers.c.id, a.project_id).join_from(peers, assignments, a.actor_id == peers.c.actor_id)
    found: dict[str, set[int]] = {}
    for peer_id, project_id in (*session.execute(led), *session.execute(granted.where(a.project_id.is_not(None)))):
        found.setdefault(peer_id, set()).add(project_id)
    return {peer_id: frozenset(shared) for peer_id, shared in found.items()}


def iter_variants(session: Session, *, limit: int = 200) -> Sequence[Variant]:
    """List the forms of which two nodes have different ones under one version, the newest first."""
    t = form_variants.c
    query = select(t.project_id, t.form_id, t.version, t.title, t.node, t.noticed_at)
    unsettled = query.where(t.settled_at.is_(None)).order_by(t.noticed_at.desc(), t.id.desc()).limit(limit)
    return [Variant(*row) for row in session.execute(unsettled)]


def want_round(session: Session, *, now: datetime) -> bool:
    """Ask for a round with every active centre; return False when there is none."""
    p = peers.c
    centres = select(p.id).where(p.side == CENTRE, p.state == ACTIVE)
    t = peer_rounds.c
    wanted = update(peer_rounds).where(t.peer_id.in_(centres)).values(wanted_at=now).returning(t.peer_id)
    return session.execute(wanted).first() is not None
