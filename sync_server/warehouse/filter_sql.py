"""Turn a parsed `$filter` into a condition of SQL: every value bound, every name out of the form's layout.

What type a value takes beside another: core/odata_typing.py.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

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
)
from sync_server.core.odata_typing import HAVE_PART, can_compare, fit_value, kind_of
from sync_server.errors import FilterTypeConflict
from sync_server.warehouse.cells import Cell
from sync_server.warehouse.relation import Sql
from sync_server.warehouse.table_columns import quoted

FindCell = Callable[[Property], Cell]

_OPERATORS = {
    "eq": "IS NOT DISTINCT FROM", "ne": "IS DISTINCT FROM", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
}  # fmt: skip
_BOUND = {
    bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", str: "VARCHAR", datetime: "TIMESTAMP", date: "DATE", time: "TIME",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition over the aliases of these cells."""

    sql: Sql
    cells: tuple[Cell, ...]


def condition_of(expression: Expression, find_cell: FindCell, *, now: datetime) -> Condition:
    """Write a filter in SQL; raise FilterFieldUnknown, or FilterTypeConflict."""
    writing = _Writing(find_cell, now.astimezone(UTC).replace(tzinfo=None))
    sql = writing.condition(expression)
    return Condition(sql, tuple(dict.fromkeys(writing.cells)))


@dataclass(frozen=True, slots=True)
class _Operand:
    sql: Sql
    kind: str
    shown: str


@dataclass(slots=True)
class _Writing:
    find_cell: FindCell
    now: datetime
    cells: list[Cell] = field(default_factory=list)

    def condition(self, expression: Expression) -> Sql:
        match expression:
            case And(terms=terms):
                return _joined([self.condition(term) for term in terms], " AND ")
            case Or(terms=terms):
                return _joined([self.condition(term) for term in terms], " OR ")
            case Not(term=term):
                inner = self.condition(term)
                return Sql(f"(NOT {inner.text})", inner.values)
            case Comparison(operator=operator, left=left, right=right):
                return self._comparison(operator, left, right)
        operand = self._operand(expression, None)
        if operand.kind != "boolean":
            raise FilterTypeConflict(field=operand.shown, type=operand.kind, value="true")
        return operand.sql

    def _comparison(self, operator: str, left: Expression, right: Expression) -> Sql:
        if isinstance(left, Literal):
            two = self._operand(right, None)
            one = self._operand(left, two)
        else:
            one = self._operand(left, None)
            two = self._operand(right, one)
        if not can_compare(one.kind, two.kind):
            raise FilterTypeConflict(field=one.shown, type=one.kind, value=two.shown)
        return _joined([one.sql, two.sql], f" {_OPERATORS[operator]} ")

    def _operand(self, expression: Expression, beside: _Operand | None) -> _Operand:
        match expression:
            case Property():
                return self._property(expression)
            case Literal():
                return _literal(expression, beside)
            case Function(name="now"):
                return _Operand(_bound(self.now), "datetime", "now()")
            case Function(name=name, argument=argument) if argument is not None:
                return self._part(name, argument)
        raise AssertionError(expression)  # the parser makes no other

    def _property(self, wanted: Property) -> _Operand:
        cell = self.find_cell(wanted)
        self.cells.append(cell)
        return _Operand(Sql(quoted(cell.alias)), cell.kind, str(wanted))

    def _part(self, name: str, argument: Expression) -> _Operand:
        of = self._operand(argument, None)
        if of.kind not in HAVE_PART[name]:
            raise FilterTypeConflict(field=of.shown, type=of.kind, value=f"{name}()")
        return _Operand(Sql(f"{name}({of.sql.text})", of.sql.values), "int", f"{name}({of.shown})")


def _joined(parts: list[Sql], word: str) -> Sql:
    return Sql(f"({word.join(part.text for part in parts)})", tuple(v for part in parts for v in part.values))


def _bound(value: Value) -> Sql:
    return Sql("NULL") if value is None else Sql(f"?::{_BOUND[type(value)]}", (value,))


def _literal(literal: Literal, beside: _Operand | None) -> _Operand:
    try:
        value = fit_value(literal, beside.kind if beside else "")
    except ValueError as error:
        assert beside is not None
        raise FilterTypeConflict(field=beside.shown, type=beside.kind, value=f"'{literal.text}'") from error
    if isinstance(value, datetime | time):
        value = value.replace(tzinfo=None)  # all moments are UTC here
    return _Operand(_bound(value), kind_of(value), literal.text)
