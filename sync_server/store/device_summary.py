"""Reads for a tablet's own page: how much of what it sent is here, and how much of that a peer has. Never an answer.

What it sent is found by its receipts. An edit belongs to the submission it edits, so from each version the way leads up
by deprecatedID to the row of `submissions`; a ring, which only a forger can make, ends the walk because a row comes
once only.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, Integer, Text, and_, case, cast, func, or_, select, union
from sqlalchemy.orm import Session

from sync_server.store.tables import awaited_files, receipts, submission_versions, submissions
from sync_server.store.tables import changes as feed

_v, _r, _t = submission_versions.c, receipts.c, submissions.c
_CONTENT = ("submission_version", "attachment")  # receipts and decisions add nothing that the tablet's owner waits for


@dataclass(frozen=True, slots=True)
class OfForm:
    """What is here of one form: submissions, those that wait for a person, files that have not come."""

    project_id: int
    form_id: str
    submissions: int
    waiting: int
    missing: int


def count_by_form(session: Session, actor_id: int) -> list[OfForm]:
    """Count a sender's submissions that have been worked through, by form."""
    waits = or_(_t.is_held, _t.has_conflict, cast(_t.flags, Text) != "[]")
    lacks = _t.attachments_expected - _t.attachments_present
    roots = _roots(actor_id)
    same = (roots.c.project_id == _t.project_id, roots.c.form_id == _t.form_id, roots.c.root_id == _t.root_id)
    counts = (func.count(), _sum(case((waits, 1), else_=0)), _sum(case((lacks > 0, lacks), else_=0)))
    query = select(_t.project_id, _t.form_id, *counts).select_from(submissions.join(roots, and_(*same)))
    grouped = query.group_by(_t.project_id, _t.form_id).order_by(_t.project_id, _t.form_id)
    return [OfForm(*row) for row in session.execute(grouped.limit(1_000))]


def find_last_received(session: Session, actor_id: int) -> datetime | None:
    """Return when something of this sender was last received, anywhere."""
    last: datetime | None = session.scalar(select(func.max(_r.received_at)).where(_r.actor_id == actor_id))
    return last


def count_on_the_way(session: Session, actor_id: int) -> int:
    """Count files of this sender that another node has, and that are on their way here."""
    t = awaited_files.c
    versions = select(_r.version_id).where(_r.actor_id == actor_id)
    files = select(t.version_id, t.name).where(t.owner == "submission", t.version_id.in_(versions)).distinct()
    return session.scalar(select(func.count()).select_from(files.subquery())) or 0


def count_kept_back(
    session: Session, actor_id: int, *, forms: Collection[str], after: int, not_from: Collection[str]
) -> int:
    """Count this sender's submissions, edits apart, of which something came after a change of the feed.

    What came from one of the nodes `not_from` is not kept back from it.
    """
    came = select(feed.c.key).where(feed.c.seq > after, feed.c.kind.in_(_CONTENT), feed.c.node.not_in(not_from))
    count = func.count(_v.instance_id.distinct())
    theirs = select(count).join_from(submission_versions, receipts, _r.version_id == _v.id)
    theirs = theirs.where(_r.actor_id == actor_id, _v.form_id.in_(forms))
    return session.scalar(theirs.where(_v.instance_id.in_(came))) or 0


def _roots(actor_id: int) -> Any:
    """Name every submission that one of the sender's versions may belong to."""
    up = _way_up(actor_id).c
    place = (up.project_id, up.form_id)
    named = select(*place, up.name.label("root_id"))
    above = select(*place, up.parent.label("root_id")).where(up.parent.is_not(None))
    return union(named, above).subquery("roots")


def _way_up(actor_id: int) -> CTE:
    columns = (_v.project_id, _v.form_id, _v.instance_id.label("name"), _v.deprecated_id.label("parent"))
    sent = select(*columns).join_from(submission_versions, receipts, _r.version_id == _v.id)
    way = sent.where(_r.actor_id == actor_id).cte("way_up", recursive=True)
    is_next = (_v.project_id == way.c.project_id, _v.form_id == way.c.form_id, _v.instance_id == way.c.parent)
    return way.union(select(*columns).join_from(submission_versions, way, and_(*is_next)))


def _sum(expression: Any) -> Any:
    return cast(func.coalesce(func.sum(expression), 0), Integer)
