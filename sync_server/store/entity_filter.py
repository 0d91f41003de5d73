"""Turn a parsed `$filter` or `$search` into a condition over entities: every value bound, every name out of the list.

What type a value takes beside another: core/odata_typing.py. Equality treats null as a value, everything else as SQL
does, as with submissions (warehouse/filter_sql.py).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Float,
    Text,
    Time,
    and_,
    extract,
    false,
    literal,
    not_,
    null,
    or_,
    true,
)

from sync_server.core.odata_filter import (
    And,
    Comparison,
    Expression,
    Function,
    Literal,
    Not,
    Or,
    Property,
    Value,
    properties_of,
)
from sync_server.core.odata_search import Search, Word
from sync_server.core.odata_typing import HAVE_PART, can_compare, fit_value, kind_of
from sync_server.errors import FilterTypeConflict
from sync_server.store.engine import UtcDateTime
from sync_server.store.entity_fields import EntityField, EntityFields
from sync_server.store.tables import entities

Condition: TypeAlias = ColumnElement[bool]
"""What rows of the table of entities have to fulfil."""

_e = entities.c
_TYPES: dict[type, Any] = {
    bool: Boolean(), int: BigInteger(), float: Float(), str: Text(), datetime: UtcDateTime(), time: Time(),
}  # fmt: skip


def condition_of(expression: Expression, fields: EntityFields, *, now: datetime) -> Condition:
    """Write a filter as a condition; raise EntityFieldUnknown, or FilterTypeConflict."""
    return _Writing(fields, now).condition(expression)


def existing(expression: Expression | None) -> Condition:
    """Leave out what was deleted, unless the filter asks about that."""
    named = {str(each) for each in properties_of(expression)} if expression is not None else set()
    return or_(_e.is_served, _e.is_deleted) if "__system/deletedAt" in named else _e.is_served


def has_id(entity_id: str) -> Condition:
    return _e.entity_id == entity_id


def condition_of_search(search: Search, fields: EntityFields) -> Condition:
    """Write a search as a condition: over the label and all properties, whatever the case."""
    texts = fields.texts()
    return or_(*(and_(*(_found(word, texts) for word in way)) for way in search)) if search else true()


def _found(word: Word, texts: list[ColumnElement[Any]]) -> ColumnElement[bool]:
    is_there = or_(false(), *(text.icontains(word.text, autoescape=True).is_(True) for text in texts))
    return not_(is_there) if word.is_excluded else is_there


@dataclass(frozen=True, slots=True)
class _Operand:
    field: EntityField
    shown: str

    @property
    def kind(self) -> str:
        return self.field.kind


@dataclass(frozen=True, slots=True)
class _Writing:
    fields: EntityFields
    now: datetime

    def condition(self, expression: Expression) -> ColumnElement[bool]:
        match expression:
            case And(terms=terms):
                return and_(*map(self.condition, terms))
            case Or(terms=terms):
                return or_(*map(self.condition, terms))
            case Not(term=term):
                return not_(self.condition(term))
            case Comparison(operator=operator, left=left, right=right):
                return self._comparison(operator, left, right)
            case Literal(value=bool() as value):
                return true() if value else false()
        operand = self._operand(expression, None)
        raise FilterTypeConflict(field=operand.shown, type=operand.kind, value="true")

    def _comparison(self, operator: str, left: Expression, right: Expression) -> ColumnElement[bool]:
        if isinstance(left, Literal):
            two = self._operand(right, None)
            one = self._operand(left, two)
        else:
            one = self._operand(left, None)
            two = self._operand(right, one)
        if not can_compare(one.kind, two.kind):
            raise FilterTypeConflict(field=one.shown, type=one.kind, value=two.shown)
        return _compare(operator, one.field, two.field)

    def _operand(self, expression: Expression, beside: _Operand | None) -> _Operand:
        match expression:
            case Property():
                return _Operand(self.fields.find(expression), str(expression))
            case Literal():
                return _literal(expression, beside)
            case Function(name="now"):
                return _constant(self.now, "now()")
            case Function(name=name, argument=argument) if argument is not None:
                return self._part(name, argument)
        raise AssertionError(expression)  # the parser makes no other

    def _part(self, name: str, argument: Expression) -> _Operand:
        of = self._operand(argument, None)
        if of.kind not in HAVE_PART[name]:
            raise FilterTypeConflict(field=of.shown, type=of.kind, value=f"{name}()")
        shown = f"{name}({of.shown})"
        if isinstance(argument, Literal):
            return _constant(getattr(argument.value, name), shown)
        part = extract(name, of.field.expression)
        # PostgreSQL's seconds have the fraction with them.
        return _Operand(EntityField(part - part % 1, "int", of.field.is_nullable), shown)


def _compare(operator: str, one: EntityField, two: EntityField) -> ColumnElement[bool]:
    left, right = one.expression, two.expression
    has_null = one.is_nullable or two.is_nullable
    match operator:
        case "eq":
            return left.is_not_distinct_from(right) if has_null else left == right
        case "ne":
            return left.is_distinct_from(right) if has_null else left != right
        case _ if "null" in (one.kind, two.kind):
            return literal(None, Boolean())  # nothing is known of it, also when it is negated
        case "lt":
            return left < right
        case "le":
            return left <= right
        case "gt":
            return left > right
    return left >= right


def _literal(written: Literal, beside: _Operand | None) -> _Operand:
    try:
        value = fit_value(written, beside.kind if beside else "")
    except ValueError as error:
        assert beside is not None
        raise FilterTypeConflict(field=beside.shown, type=beside.kind, value=f"'{written.text}'") from error
    return _constant(value, written.text)


def _constant(value: Value, shown: str) -> _Operand:
    if type(value) is date:  # no field is a mere date, and SQLite would compare the two as texts
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if value is None:
        return _Operand(EntityField(null(), "null", is_nullable=True), shown)
    return _Operand(EntityField(literal(value, _TYPES[type(value)]), kind_of(value)), shown)
