"""Turn an OData filter over an entity list into a condition, with the values of whoever it is for put in.

    adm2 eq $actor/adm2 and status ne 'closed'

All properties are text and are compared as text. `$actor/NAME` stands for any of the values noted of the tablet or
link under that name; where nothing is noted, neither a comparison nor its opposite lets anything through.
"""

from collections.abc import Collection, Mapping

from sync_server.core.list_condition import NOTHING, AllOf, Condition, NoneOf, OneOf, Ordered, all_of, any_of
from sync_server.core.odata_filter import (
    And,
    Comparison,
    Expression,
    Function,
    Literal,
    Not,
    Or,
    Property,
    parse_filter,
)
from sync_server.errors import FilterNotSupported, UnexpectedValue

ACTOR = "$actor"

_OPPOSITE = {"eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "gt": "le", "le": "gt"}
_TURNED = {"eq": "eq", "ne": "ne", "lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}


def read_list_filter(
    text: str,
    properties: Collection[str],
    actor: Mapping[str, Collection[str]] | None = None,
    *,
    is_empty_unknown: bool = False,
) -> Condition:
    """Read a filter; raise the problems of core/odata_filter.py, and UnexpectedValue.

    `properties` are those of the list, `actor` what is noted of whom it is for. With `is_empty_unknown` an entity of
    which a named property says nothing is not let through, unless the filter asks for null.
    """
    return _Reading(properties, actor or {}, is_empty_unknown).condition(parse_filter(text), is_not=False)


class _Reading:
    def __init__(
        self, properties: Collection[str], actor: Mapping[str, Collection[str]], is_empty_unknown: bool
    ) -> None:
        self._properties = properties
        self._actor = actor
        self._is_empty_unknown = is_empty_unknown

    def condition(self, expression: Expression, *, is_not: bool) -> Condition:
        match expression:
            case Not(term=term):
                return self.condition(term, is_not=not is_not)
            case And(terms=terms):
                return (any_of if is_not else all_of)(*(self.condition(term, is_not=is_not) for term in terms))
            case Or(terms=terms):
                return (all_of if is_not else any_of)(*(self.condition(term, is_not=is_not) for term in terms))
            case Comparison(operator=operator, left=left, right=right):
                return self._comparison(_OPPOSITE[operator] if is_not else operator, left, right)
            case Literal(value=bool(value)):
                return NOTHING if value is is_not else AllOf(())
        raise FilterNotSupported(feature=_shown(expression))

    def _comparison(self, operator: str, left: Expression, right: Expression) -> Condition:
        if not _is_of_list(left):
            left, right, operator = right, left, _TURNED[operator]
        name = self._name(left)
        if operator not in ("eq", "ne"):
            return Ordered(name, operator, _limit(operator, right))
        values = self._values(right)
        if values is None:
            return NOTHING
        if operator == "eq":
            return OneOf(name, values)
        return NoneOf(name, tuple(dict.fromkeys((*values, "")))) if self._is_empty_unknown else NoneOf(name, values)

    def _name(self, side: Expression) -> str:
        if not isinstance(side, Property) or not _is_of_list(side):
            raise FilterNotSupported(feature="'…' eq '…'")
        name = "/".join(side.path)
        if name not in self._properties:
            raise UnexpectedValue(field="filter", value=str(side)[:100], reason="the list has no such property.")
        return name

    def _values(self, side: Expression) -> tuple[str, ...] | None:
        """The values that a property is compared with; None when nothing is noted of whom it is for."""
        match side:
            case Literal(value=value, text=text):
                return ("" if value is None else text,)
            case Property(path=(start, name)) if start == ACTOR:
                return tuple(sorted(self._actor.get(name, ()))) or None
        raise FilterNotSupported(feature=f"eq {_shown(side)}")


def _limit(operator: str, side: Expression) -> str:
    """What a property is ordered by. Properties are text, so '10' stands before '9': a bare number is refused."""
    if not isinstance(side, Literal) or isinstance(side.value, int | float | None):
        raise FilterNotSupported(feature=f"{operator} {_shown(side)}")
    return side.text


def _is_of_list(side: Expression) -> bool:
    return isinstance(side, Property) and side.path[0] != ACTOR


def _shown(side: Expression) -> str:
    match side:
        case Property():
            return str(side)
        case Literal(text=text):
            return text
        case Function(name=name):
            return f"{name}()"
    return "…"
