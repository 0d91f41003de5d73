"""Reads for clock repair: who sent which submission first, when, and what the tablet's clock said then.

One pass, sorted by tablet: `receipts` has no index by device, and one question for each tablet would read it whole each
time. The XML is read for a few hundred at a time, because a database that sorts rows with their XML writes all of it
to its temporary files first.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, and_, cast, func, select, true
from sqlalchemy.orm import Session, aliased

from sync_server.store.tables import actors, receipts, submission_versions, submissions

AT_A_TIME = 200


@dataclass(frozen=True, slots=True)
class FirstReceipt:
    """The earliest receipt of a version. `tablet` is as it calls itself, else "actor 7" by token; `node` None: here.

    `is_admitted`: it waits for nobody, and is in exports.
    """

    tablet: str
    name: str | None
    version_row: int
    project_id: int
    form_id: str
    form_version: str
    instance_id: str
    received_at: datetime
    clock_offset_seconds: float | None
    node: str | None
    is_admitted: bool


def iter_first_receipts(
    session: Session, *, tablet: str | None = None, after: str | None = None, since: datetime | None = None
) -> Generator[FirstReceipt]:
    """Stream them tablet by tablet, oldest first; without edits, and without senders of whom nothing is known.

    `after` names the tablet behind which to begin; `since` leaves out what was received before.
    """
    r, v, state = receipts.c, submission_versions.c, submissions.c
    name = func.coalesce(r.device_id, "actor " + cast(r.actor_id, String)).label("tablet")
    version = (v.id, v.project_id, v.form_id, v.form_version, v.instance_id)
    joined = receipts.join(submission_versions, v.id == r.version_id).outerjoin(actors, actors.c.id == r.actor_id)
    is_same = (state.project_id == v.project_id, state.form_id == v.form_id, state.root_id == v.instance_id)
    joined = joined.outerjoin(submissions, and_(*is_same))
    is_admitted = func.coalesce(state.is_held, true()).is_(False)
    query = (
        select(name, actors.c.display_name, *version, r.received_at, r.clock_offset_seconds, r.node, is_admitted)
        .select_from(joined)
        .where(v.deprecated_id.is_(None), name.is_not(None), r.id == _earliest())
        .order_by(name, r.received_at, r.id)
    )
    if tablet is not None:
        query = query.where((name == tablet) | (actors.c.display_name == tablet) | (cast(r.actor_id, String) == tablet))
    if after is not None:
        query = query.where(name > after)
    if since is not None:
        query = query.where(r.received_at >= since)
    with session.execute(query, execution_options={"yield_per": AT_A_TIME}) as rows:
        for row in rows:
            yield FirstReceipt(*row)


def find_xml(session: Session, version_rows: Sequence[int]) -> dict[int, bytes]:
    """Read the XML of some versions, at most AT_A_TIME."""
    v = submission_versions.c
    return {row.id: row.xml for row in session.execute(select(v.id, v.xml).where(v.id.in_(version_rows)))}


def _earliest() -> object:
    other = aliased(receipts)
    of_it = select(other.c.id).where(other.c.version_id == receipts.c.version_id)
    return of_it.order_by(other.c.received_at, other.c.id).limit(1).correlate(receipts).scalar_subquery()
