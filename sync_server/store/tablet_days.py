"""Reads of what came from each tablet on which day: counts and ids, never an answer.

A submission counts for the tablet and the moment of its first receipt, wherever that was; edits belong to it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Integer, String, Text, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session

from sync_server.store.tables import actors, receipts, submission_versions, submissions

STREAM = {"yield_per": 1000}
_t, _r, _v = submissions.c, receipts.c, submission_versions.c
# Whoever sent it: the number of its token, else what the device calls itself. The warehouse says the same.
_KEY = func.coalesce(cast(_r.actor_id, String), _r.device_id, "")
_NAME = func.coalesce(actors.c.display_name, _r.device_id, "")
_WAITS = or_(_t.is_held, _t.has_conflict, cast(_t.flags, Text) != "[]")
_LACKS = _t.attachments_expected - _t.attachments_present


@dataclass(frozen=True, slots=True)
class FormDays:
    """What one tablet sent of one form by way of one node (None: this one), in all and on each day."""

    tablet: str
    actor_id: int | None
    name: str
    node: str | None
    form_id: str
    last_received_at: datetime
    submissions: int
    waiting: int
    missing: int
    sealed: int
    by_day: tuple[int, ...]


_COUNTED = tuple(each.name for each in fields(FormDays) if each.name != "by_day")


def count_days(session: Session, project_id: int, bounds: Sequence[datetime]) -> Iterator[FormDays]:
    """Count by tablet, node and form, over all time and between each bound and the next."""
    who = (_KEY.label("tablet"), _r.actor_id, _NAME.label("name"), _r.node, _t.form_id)
    days = [_sum(and_(_t.first_received_at >= start, _t.first_received_at < end)) for start, end in pairwise(bounds)]
    counts = (
        func.max(_t.first_received_at, type_=_t.first_received_at.type).label("last_received_at"),
        func.count().label("submissions"),
        _sum(_WAITS).label("waiting"),
        _number(func.sum(case((_LACKS > 0, _LACKS), else_=0))).label("missing"),
        _sum(_t.is_sealed).label("sealed"),
    )
    query = select(*who, *counts, *days)
    query = query.select_from(_first()).where(_t.project_id == project_id).group_by(*who).order_by(*who)
    for row in session.execute(query, execution_options=STREAM):
        counted = row._mapping
        yield FormDays(**{name: counted[name] for name in _COUNTED}, by_day=tuple(row[len(_COUNTED) :]))


def count_edits(
    session: Session, project_id: int, *, since: datetime, until: datetime
) -> Iterator[tuple[str, str, int]]:
    """Count the edits that came between two moments, as (tablet, form, edits)."""
    query = (
        select(_KEY, _v.form_id, func.count(_v.instance_id.distinct()))
        .select_from(receipts.join(submission_versions, _v.id == _r.version_id))
        # The id of a receipt begins with its time, so its index leads there: the table has none by time.
        .where(_r.id >= _moment_id(since), _r.received_at >= since, _r.received_at < until)
        .where(_v.project_id == project_id, _v.deprecated_id.is_not(None))
        .group_by(_KEY, _v.form_id)
        .order_by(_KEY, _v.form_id)
    )
    for row in session.execute(query, execution_options=STREAM):
        yield row[0], row[1], row[2]


def iter_received(
    session: Session, project_id: int, *, since: datetime, until: datetime
) -> Iterator[tuple[str, str, str]]:
    """Stream what first came between two moments, in no order, as (tablet, form, instanceID)."""
    is_of_it = and_(_t.project_id == project_id, _t.first_received_at >= since, _t.first_received_at < until)
    query = select(_KEY, _t.form_id, _t.root_id).select_from(_first()).where(is_of_it)
    for row in session.execute(query, execution_options=STREAM):
        yield row[0], row[1], row[2]


def _first() -> Any:
    joined = submissions.outerjoin(receipts, _r.id == _t.first_receipt_id)
    return joined.outerjoin(actors, actors.c.id == _r.actor_id)


def _sum(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return _number(func.sum(case((condition, 1), else_=0)))


def _number(total: Any) -> ColumnElement[Any]:
    return cast(func.coalesce(total, 0), Integer)


def _moment_id(moment: datetime) -> str:
    return f"{int(moment.timestamp() * 1_000_000):014x}"
