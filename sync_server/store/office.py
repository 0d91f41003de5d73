"""Reads for the office's first page: how much has arrived, what came last, what is not whole.

All from the derived table `submissions`, in one pass for the counts: never an answer, only when, which form, which
tablet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session

from sync_server.store.tables import actors, receipts, submissions

_t = submissions.c
_is_incomplete = _t.attachments_present < _t.attachments_expected
_waits = or_(_t.is_held, _t.has_conflict, cast(_t.flags, Text) != "[]")


@dataclass(frozen=True, slots=True)
class FormArrivals:
    """What came for one form: how many submissions, how many in each span asked for."""

    project_id: int
    form_id: str
    submissions: int
    last_received_at: datetime
    waiting: int
    incomplete: int
    by_span: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ListedSubmission:
    """A submission as the office may see it: not one answer. `device` is its name, or what it calls itself."""

    project_id: int
    form_id: str
    root_id: str
    received_at: datetime
    device: str | None
    flags: list[dict[str, Any]]
    attachments_expected: int
    attachments_present: int


def count_arrivals(session: Session, bounds: Sequence[datetime]) -> list[FormArrivals]:
    """Count by form, over all time and in the spans between each bound and the next."""
    spans = [
        _count_if(and_(_t.first_received_at >= start, _t.first_received_at < end)) for start, end in pairwise(bounds)
    ]
    query = (
        select(
            *(_t.project_id, _t.form_id, func.count(), func.max(_t.first_received_at, type_=_t.first_received_at.type)),
            *(_count_if(_waits), _count_if(_is_incomplete), *spans),
        )
        .group_by(_t.project_id, _t.form_id)
        .order_by(_t.project_id, _t.form_id)
        .limit(1000)
    )
    return [_arrivals(*row) for row in session.execute(query)]


def iter_latest(session: Session, *, limit: int) -> list[ListedSubmission]:
    """List what came last, newest first."""
    return _listed(session, _submissions().order_by(_t.first_received_at.desc(), _t.id.desc()).limit(limit))


def iter_incomplete(session: Session, *, limit: int) -> list[ListedSubmission]:
    """List submissions that name files which have not come, newest first."""
    query = _submissions().where(_is_incomplete)
    return _listed(session, query.order_by(_t.first_received_at.desc(), _t.id.desc()).limit(limit))


def iter_waiting(session: Session, *, limit: int) -> list[ListedSubmission]:
    """List submissions about which a person has to decide or do something, oldest first."""
    return _listed(session, _submissions().where(_waits).order_by(_t.first_received_at, _t.id).limit(limit))


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _arrivals(
    project_id: int, form_id: str, count: int, last: datetime, waiting: int, incomplete: int, *by_span: int
) -> FormArrivals:
    return FormArrivals(project_id, form_id, count, last, waiting, incomplete, by_span)


def _submissions() -> Select[Any]:
    device = func.coalesce(actors.c.display_name, receipts.c.device_id)
    columns = (_t.project_id, _t.form_id, _t.root_id, _t.first_received_at, device, _t.flags)
    joined = submissions.outerjoin(receipts, receipts.c.id == _t.first_receipt_id)
    joined = joined.outerjoin(actors, actors.c.id == receipts.c.actor_id)
    return select(*columns, _t.attachments_expected, _t.attachments_present).select_from(joined)


def _listed(session: Session, query: Select[Any]) -> list[ListedSubmission]:
    return [ListedSubmission(*row) for row in session.execute(query)]
