"""Which submissions a change may concern: all names joined to an instance by edits, without the documents."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from sync_server.store.tables import erased_instances, receipts, submission_versions, submissions

PARAMETERS = 500

FormKey = tuple[int, str]
"""Project and form."""


def find_possible_roots(session: Session, instance_ids: Iterable[str]) -> dict[FormKey, set[str]]:
    """Find every instanceID and deprecatedID joined to these over any number of steps, by project and form."""
    found: dict[FormKey, set[str]] = {}
    asked: set[str] = set()
    to_ask = set(instance_ids)
    while to_ask:
        asked |= to_ask
        for form, names in _joined(session, sorted(to_ask)):
            found.setdefault(form, set()).update(names)
        to_ask = {name for names in found.values() for name in names} - asked
    return found


def find_first_received_from(session: Session, actor_id: int) -> set[FormKey]:
    """Find the forms of which this sender was the first to bring a submission."""
    t = submissions.c
    joined = submissions.join(receipts, receipts.c.id == t.first_receipt_id)
    query = select(t.project_id, t.form_id).select_from(joined).where(receipts.c.actor_id == actor_id).distinct()
    return {(project_id, form_id) for project_id, form_id in session.execute(query)}


def _joined(session: Session, ids: Sequence[str]) -> Iterator[tuple[FormKey, set[str]]]:
    t = submission_versions.c
    for start in range(0, len(ids), PARAMETERS):
        part = ids[start : start + PARAMETERS]
        query = select(t.project_id, t.form_id, t.instance_id, t.deprecated_id)
        for row in session.execute(query.where(or_(t.instance_id.in_(part), t.deprecated_id.in_(part)))):
            yield (row.project_id, row.form_id), {name for name in (row.instance_id, row.deprecated_id) if name}
        e = erased_instances.c  # of which no version is left
        erased = select(e.project_id, e.form_id, e.instance_id).where(e.instance_id.in_(part))
        yield from (((project_id, form_id), {name}) for project_id, form_id, name in session.execute(erased))
