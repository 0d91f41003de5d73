"""Say a condition over the rows of an entity list (core/list_condition.py) in SQL: on both databases as in Python."""

from sqlalchemy import ColumnElement, and_, false, func, or_, true

from sync_server.core.list_condition import AllOf, AnyOf, Condition, CreatedBy, NoneOf, OneOf, Ordered
from sync_server.store.engine import by_code, text_under
from sync_server.store.tables import entities

_e = entities.c


def rows_where(condition: Condition) -> ColumnElement[bool]:
    """Return what the rows of the table of entities must fulfil."""
    match condition:
        case OneOf(name, values):
            # Of an entity that says nothing of it there is no text, and that is none of them.
            return (value_of(name) if "" in values else text_under(_e.data, name)).in_(values)
        case NoneOf(name, values):
            return value_of(name).not_in(values)
        case Ordered(name, operator, value):
            return _ordered(value_of(name), operator, value)
        case CreatedBy(actor_id):
            return false() if actor_id is None else _e.creator_id == actor_id
        case AllOf(terms):
            return and_(true(), *map(rows_where, terms))
        case AnyOf(terms):
            return or_(false(), *map(rows_where, terms))


def value_of(name: str) -> ColumnElement[str]:
    """The text of a property, empty when the entity says nothing of it."""
    return func.coalesce(text_under(_e.data, name), "")


def _ordered(value: ColumnElement[str], operator: str, limit: str) -> ColumnElement[bool]:
    text = by_code(value)
    compared = {"lt": text < limit, "le": text <= limit, "gt": text > limit, "ge": text >= limit}
    return and_(value != "", compared[operator])
