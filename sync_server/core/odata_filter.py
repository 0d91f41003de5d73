"""Parse an OData `$filter` into a small tree of our own.

The grammar is odata-query's; what it gets wrong is put right before it sees the text. Every name is replaced by a
plain one, because its tokens cut `nullable` into `null` and `able` and know neither `$root/…` nor a dash nor a letter
beyond ASCII. The operand of `not` gets parentheses, because it reads `not a eq null` as `(not a) eq null`.

What the names mean is not known here: whoever has the table's columns resolves them (FilterFieldUnknown).
Equality treats null as a value and everything else as SQL does, as ODK Central has it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TypeAlias

from odata_query import ast, exceptions
from odata_query.grammar import ODataLexer, ODataParser

from sync_server.errors import FilterNotSupported, FilterUnreadable

# Deeper than any person writes, and far from where Python would give up.
DEEPEST = 50
LONGEST = 20_000

Value: TypeAlias = "str | int | float | bool | date | datetime | time | None"


@dataclass(frozen=True, slots=True)
class Property:
    """A column by its path, `("__system", "reviewState")`; `is_of_root`: reached by `$root/Submissions/`."""

    path: tuple[str, ...]
    is_of_root: bool = False

    def __str__(self) -> str:
        return "/".join((*ROOT, *self.path) if self.is_of_root else self.path)


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands in the text; a date and time without a zone is taken as UTC."""

    value: Value
    text: str


@dataclass(frozen=True, slots=True)
class Function:
    """`now` without an argument, or a part of a date or time."""

    name: str
    argument: "Expression | None" = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operator` is eq, ne, lt, le, gt or ge."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Not:
    term: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    terms: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    terms: tuple["Expression", ...]


Expression: TypeAlias = Property | Literal | Function | Comparison | Not | And | Or

ROOT = ("$root", "Submissions")
PARTS = frozenset(("year", "month", "day", "hour", "minute", "second"))
_OPERATORS = {
    ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge",
}  # fmt: skip


def parse_filter(text: str) -> Expression:
    """Parse a filter; raise FilterUnreadable, or FilterNotSupported for what OData has and this server has not."""
    if len(text) > LONGEST:
        raise FilterUnreadable(near=f"{text[:30]}…")
    prepared = _Prepared.of(text)
    try:
        parsed = ODataParser().parse(ODataLexer().tokenize(prepared.text))
    except exceptions.UnknownFunctionException as error:
        raise FilterNotSupported(feature=f"{error.function_name}()") from error
    except exceptions.FunctionCallException as error:
        raise FilterUnreadable(near=f"{getattr(error, 'function_name', '')}(") from error
    except exceptions.ODataException as error:
        raise FilterUnreadable(near=prepared.near(getattr(error, "token", None))) from error
    if parsed is None:
        raise FilterUnreadable(near=text)
    return _Translation(prepared.properties).condition(parsed)


def properties_of(expression: Expression) -> Iterator[Property]:
    """Every mention of a column, in the order of the text."""
    match expression:
        case Property():
            yield expression
        case Comparison(left=left, right=right):
            yield from properties_of(left)
            yield from properties_of(right)
        case And(terms=terms) | Or(terms=terms):
            for term in terms:
                yield from properties_of(term)
        case Not(term=term) | Function(argument=Property() as term):
            yield from properties_of(term)
        case _:
            return


def parse_property(text: str) -> Property:
    """Split a path at its slashes; `$root/Submissions/` says that the root table's column is meant."""
    path = tuple(text.split("/"))
    if path[:2] == ROOT and len(path) > 2:
        return Property(path[2:], is_of_root=True)
    return Property(path)


NAME = r"[^\W\d][\w.\-]*"
_TOKEN = re.compile(
    rf"""(?P<space>\s+)
    | (?P<string>'(?:[^']|'')*')
    # A plus that was not escaped in an address arrives as a space.
    | (?P<moment>\d{{4}}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{{1,12}})?)?(?:Z|[+\-\ ]\d\d:\d\d)?)?(?![\w\-:]))
    | (?P<name>(?:\$root/)?{NAME}(?:/{NAME})*)
    | (?P<number>[+\-]?\d[\w.:\-]*(?:(?<=[eE])\+\d+)?)
    | (?P<sign>[(),])
    | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_BETWEEN = frozenset(("and", "or", "eq", "ne", "lt", "le", "gt", "ge", "in", "has", "add", "sub", "mul", "div", "mod"))
_CONSTANTS = frozenset(("null", "true", "false"))


@dataclass(slots=True)
class _Prepared:
    """The filter as the library can read it, and the names that were taken out."""

    text: str
    original: str
    properties: list[Property]
    places: list[tuple[int, int]]  # where a piece stands in the prepared text, and where in the original

    @classmethod
    def of(cls, text: str) -> "_Prepared":
        prepared = cls("", text, [], [])
        _Preparation(prepared).run(text)
        return prepared

    def near(self, token: object) -> str:
        """What stands where the library stopped, in the words of the sender."""
        index = getattr(token, "index", len(self.text))
        start = max((there for here, there in self.places if here <= index), default=0)
        return self.original[start : start + 30].strip() or self.original[-30:].strip()


@dataclass(slots=True)
class _Preparation:
    """Walk the tokens once, with the places where an operand of `not` began."""

    prepared: _Prepared
    depth: int = 0
    has_operand: bool = False

    def run(self, text: str) -> None:
        pieces: list[str] = []
        length = 0
        negated: list[int] = []
        for match in _TOKEN.finditer(text):
            for piece in self._pieces(match, negated):
                self.prepared.places.append((length, match.start()))
                pieces.append(piece)
                length += len(piece)
            if self.depth + len(negated) > DEEPEST:
                raise FilterUnreadable(near=text[match.start() : match.start() + 30])
        pieces.append(")" * len(negated))
        self.prepared.text = "".join(pieces)

    def _pieces(self, match: re.Match[str], negated: list[int]) -> Iterator[str]:
        kind, text = str(match.lastgroup), match.group()
        if kind == "space":
            return
        if kind == "sign":
            yield from self._sign(text, negated)
        elif kind == "name":
            yield from self._name(match, negated)
        elif kind == "other":
            raise FilterUnreadable(near=match.string[match.start() : match.start() + 30])
        else:
            self.has_operand = True
            yield text.replace(" ", "+") if kind == "moment" else text

    def _sign(self, text: str, negated: list[int]) -> Iterator[str]:
        if text == "(":
            self.depth += 1
        else:
            yield from self._close(negated)
        if text == ")":
            self.depth -= 1
        self.has_operand = text == ")"
        yield text

    def _name(self, match: re.Match[str], negated: list[int]) -> Iterator[str]:
        text, lower = match.group(), match.group().lower()
        if self.has_operand:
            if lower not in _BETWEEN:
                raise FilterUnreadable(near=match.string[match.start() : match.start() + 30])
            if lower in ("and", "or"):
                yield from self._close(negated)
            self.has_operand = False
            yield f" {lower} "
        elif lower == "not":
            negated.append(self.depth)
            yield "not ("
        else:
            yield self._operand(match, text, lower)

    def _operand(self, match: re.Match[str], text: str, lower: str) -> str:
        if match.string[match.end() :].lstrip().startswith("("):
            return lower
        self.has_operand = True
        if lower in _CONSTANTS:
            return lower
        self.prepared.properties.append(parse_property(text))
        return f"p{len(self.prepared.properties) - 1}"

    def _close(self, negated: list[int]) -> Iterator[str]:
        while negated and negated[-1] == self.depth:
            negated.pop()
            yield ")"


@dataclass(frozen=True, slots=True)
class _Translation:
    """Turn the library's tree into ours."""

    properties: list[Property]

    def condition(self, node: ast._Node) -> Expression:
        """Translate where true or false is wanted."""
        match node:
            case ast.BoolOp(op=op):
                terms = tuple(self.condition(term) for term in _terms(node, type(op)))
                return And(terms) if isinstance(op, ast.And) else Or(terms)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Not(self.condition(operand))
            case ast.Compare(comparator=comparator, left=left, right=right) if type(comparator) in _OPERATORS:
                return Comparison(_OPERATORS[type(comparator)], self._operand(left), self._operand(right))
            case ast.Identifier() | ast.Boolean():
                return self._operand(node)
        raise FilterNotSupported(feature=_shown(node))

    def _operand(self, node: ast._Node) -> Expression:
        match node:
            case ast.Identifier(name=name):
                return self.properties[int(name[1:])]
            case ast.Call():
                return self._call(node)
        return _literal(node)

    def _call(self, node: ast.Call) -> Function:
        name = node.func.name
        if name == "now":
            return Function(name)
        if name not in PARTS:
            raise FilterNotSupported(feature=f"{name}()")
        argument = self._operand(node.args[0])
        if not isinstance(argument, Property | Literal) and argument != Function("now"):
            raise FilterNotSupported(feature=f"{name}({_shown(node.args[0])})")
        return Function(name, argument)


def _terms(node: ast._Node, op: type[ast._BoolOpToken]) -> list[ast._Node]:
    """Unfold `a and b and c`, which leans to the left as deep as it is long."""
    terms: list[ast._Node] = []
    while isinstance(node, ast.BoolOp) and type(node.op) is op:
        terms.append(node.right)
        node = node.left
    return [node, *reversed(terms)]


def _literal(node: ast._Node) -> Literal:
    text = str(getattr(node, "val", "null"))
    try:
        match node:
            case ast.Null():
                return Literal(None, "null")
            case ast.String() | ast.Boolean() | ast.Float() | ast.Date() | ast.Time():
                return Literal(node.py_val, text)
            case ast.Integer():
                return Literal(_integer(text), text)
            case ast.DateTime():
                return Literal(read_moment(text), text)
    except ValueError as error:
        raise FilterUnreadable(near=text) from error
    raise FilterNotSupported(feature=_shown(node))


def _integer(text: str) -> int | float:
    """Beyond 64 bits no column holds it, and a float compares well enough."""
    number = int(text)
    return number if -(2**63) <= number < 2**63 else float(text)


def read_moment(text: str) -> datetime:
    """Read an ISO date and time as UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_SHOWN = {
    ast.BinOp: "add, sub, mul, div, mod", ast.In: "in", ast.List: "(…, …)", ast.GUID: "guid", ast.Duration: "duration",
    ast.Geography: "geography", ast.UnaryOp: "-", ast.Compare: "(… eq …) eq …",
}  # fmt: skip


def _shown(node: ast._Node) -> str:
    if isinstance(node, ast.Call):
        return f"{node.func.name}()"
    kind = ast.In if isinstance(node, ast.Compare) and isinstance(node.comparator, ast.In) else type(node)
    return _SHOWN.get(kind, str(getattr(node, "val", kind.__name__.lower())))
