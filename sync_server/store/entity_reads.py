"""Read the entities of a list as rows for people and programs: a page, all of them, how many.

Newest first, as ODK Central, unless another order is asked for. A page that goes on behind a row costs the same however
deep it lies (ix_entities_created).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Text, and_, false, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from sync_server.core.entity_row import EntityRow
from sync_server.core.odata_filter import read_moment
from sync_server.core.odata_order import Order
from sync_server.core.odata_skiptoken import Place
from sync_server.entity_errors import SkiptokenUnreadable
from sync_server.store.engine import UtcDateTime
from sync_server.store.entities import EntityList
from sync_server.store.entity_fields import EntityField, EntityFields
from sync_server.store.tables import actors, entities

AT_A_TIME = 500

_e = entities.c
_COLUMNS = (
    _e.entity_id, _e.label, _e.number, _e.has_conflict, _e.is_deleted, _e.created_at, _e.updated_at, _e.creator_id,
    actors.c.display_name, _e.data,
)  # fmt: skip
_WIDTH = len(_COLUMNS)
_PYTHON = {"int": int, "text": str, "datetime": str}  # a moment is told as text
# Not of the column's own type: a number may be larger than those of the column can be.
_BOUND: dict[str, Any] = {"int": BigInteger(), "text": Text(), "datetime": UtcDateTime()}


SortValues = Sequence[Any]
"""What a row is sorted by, one value for each term of the order; empty when newest first."""


@dataclass(frozen=True, slots=True)
class SortedBy:
    """One term of an order: no answer comes first when ascending and last when descending."""

    field: EntityField
    is_descending: bool

    @property
    def sql(self) -> ColumnElement[Any]:
        by = self.field.expression
        return by.desc().nulls_last() if self.is_descending else by.asc().nulls_first()

    def is_behind(self, value: Any) -> ColumnElement[bool]:
        """Rows that come after all that have this value."""
        by = self.field.expression
        if value is None:
            return false() if self.is_descending else by.is_not(None)
        return or_(by < value, by.is_(None)) if self.is_descending else by > value


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a list that fulfil conditions, in an order; `order` empty is newest first."""

    of_list: EntityList
    conditions: tuple[ColumnElement[bool], ...]
    order: tuple[SortedBy, ...] = ()

    @property
    def token_types(self) -> tuple[type, ...]:
        """What a place in this order is made of."""
        return tuple(_PYTHON[term.field.kind] for term in self.order) or (str,)


def sorted_by(order: Sequence[Order], fields: EntityFields) -> tuple[SortedBy, ...]:
    """Resolve an order; raise EntityFieldUnknown."""
    return tuple(SortedBy(fields.find(term.property), term.is_descending) for term in order)


def count_rows(session: Session, rows: Rows) -> int:
    return session.scalar(_where(select(func.count()).select_from(entities), rows)) or 0


def iter_rows(
    session: Session, rows: Rows, *, skip: int = 0, limit: int | None = None, after: Place | None = None
) -> Iterator[tuple[EntityRow, SortValues]]:
    """Stream rows with what they are sorted by; raise SkiptokenUnreadable for a place of another order."""
    if skip and not rows.order:
        after, skip = _place_at(session, rows, skip - 1), 0
        if after is None:
            return
    query = _query(rows, skip, limit, after)
    # A page at once: on PostgreSQL a stream is a cursor of its own, with three more questions to the server.
    options = {} if limit is not None and limit <= AT_A_TIME else {"yield_per": AT_A_TIME}
    with session.execute(query, execution_options=options) as found:
        for row in found:
            yield EntityRow._make(row[:_WIDTH]), row[_WIDTH:]


def place_of(row: EntityRow, values: SortValues) -> Place:
    """Say where a row stands, by what it came with; to go on behind it."""
    return Place(row.entity_id, tuple(map(_plain, values or (row.created_at,))))


def _place_at(session: Session, rows: Rows, position: int) -> Place | None:
    """Find the row of a position, newest first, in the index alone: rows that are passed over are not read."""
    query: Select[Any] = _where(select(_e.entity_id, _e.created_at), rows).order_by(*_order(rows))
    found = session.execute(query.limit(1).offset(position)).first()
    return None if found is None else Place(found[0], (_plain(found[1]),))


def _query(rows: Rows, skip: int, limit: int | None, after: Place | None) -> Select[Any]:
    columns: list[ColumnElement[Any]] = [*_COLUMNS, *(term.field.expression for term in rows.order)]
    query: Select[Any] = select(*columns).outerjoin_from(entities, actors, actors.c.id == _e.creator_id)
    query = _where(query, rows).order_by(*_order(rows))
    if after is not None:
        query = query.where(_behind(rows, after))
    return query.limit(limit).offset(skip or None)


def _order(rows: Rows) -> list[ColumnElement[Any]]:
    if not rows.order:
        return [_e.created_at.desc(), _e.entity_id.desc()]
    return [*(term.sql for term in rows.order), _e.entity_id.desc()]


def _where(query: Select[Any], rows: Rows) -> Select[Any]:
    return query.where(_e.project_id == rows.of_list.project_id, _e.list_name == rows.of_list.name, *rows.conditions)


def _behind(rows: Rows, after: Place) -> ColumnElement[bool]:
    values = _read_values(rows, after)
    if not rows.order:
        return tuple_(_e.created_at, _e.entity_id) < tuple_(values[0], literal(after.id, Text()))
    is_same: list[ColumnElement[bool]] = []
    behind: list[ColumnElement[bool]] = []
    for term, value in zip(rows.order, values, strict=True):
        behind.append(and_(*is_same, term.is_behind(value)))
        is_same.append(term.field.expression.is_not_distinct_from(value))
    return or_(*behind, and_(*is_same, _e.entity_id < after.id))


def _read_values(rows: Rows, after: Place) -> list[Any]:
    """The values of a place as they are bound; None where there is none."""
    kinds = [term.field.kind for term in rows.order] or ["datetime"]
    try:
        return [_bound(kind, value) for kind, value in zip(kinds, after.values, strict=True)]
    except ValueError as error:
        raise SkiptokenUnreadable from error


def _bound(kind: str, value: str | int | None) -> Any:
    if value is None:
        return None
    return literal(read_moment(value) if isinstance(value, str) and kind == "datetime" else value, _BOUND[kind])


def _plain(value: Any) -> str | int | None:
    return value.isoformat() if isinstance(value, datetime) else value
