"""Parse an OData `$filter` into a small tree of our own.

A grammar of its own, by descent: the libraries at hand cut `nullable` into `null` and `able`, and know neither
`$root/…` nor a name with a dash or a letter beyond ASCII. A word is a name where a value is wanted and an operator
behind one, so a question may be called anything; one called `not`, `null`, `true` or `false` is reached by
`$root/Submissions/`.

From tightest to loosest: parentheses and functions; eq ne lt le gt ge, which do not chain; not; and; or. OData's table
of precedence puts not before the comparisons, and so reads `not a eq null` as `(not a) eq null`. Here it is
`not (a eq null)`, as everyone means it: for booleans the two differ only at null, elsewhere the first has no sense.

What the names mean is not known here: whoever has the table's columns resolves them (FilterFieldUnknown).
Equality treats null as a value and everything else as SQL does, as ODK Central has it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TypeAlias

from sync_server.core.odata_tokens import Token, read_tokens
from sync_server.errors import FilterNotSupported, FilterUnreadable

# Deeper than any person writes, and far from where Python would give up.
DEEPEST = 50
LONGEST = 20_000
SHOWN = 30  # characters of the text in a message

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
_COMPARISONS = frozenset(("eq", "ne", "lt", "le", "gt", "ge"))
_CONSTANTS = {"null": None, "true": True, "false": False}
_UNSUPPORTED = frozenset(("in", "has", "add", "sub", "mul", "div", "divby", "mod"))


def parse_filter(text: str) -> Expression:
    """Parse a filter; raise FilterUnreadable, or FilterNotSupported for what OData has and this server has not."""
    if len(text) > LONGEST:
        raise FilterUnreadable(near=f"{text[:SHOWN]}…")
    parsing = _Parsing.of(text)
    parsed = _truth(parsing.condition())
    if not parsing.is_at("end"):
        raise parsing.unreadable()
    return parsed


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


@dataclass(slots=True)
class _Parsing:
    """A place in the text, which moves on as it is understood."""

    text: str
    tokens: Iterator[Token]
    here: Token
    last: Token | None = None
    depth: int = 0

    @classmethod
    def of(cls, text: str) -> "_Parsing":
        tokens = read_tokens(text)
        return cls(text, tokens, next(tokens))

    def condition(self) -> Expression:
        terms = self._list("or", self._conjunction)
        return terms[0] if len(terms) == 1 else Or(tuple(map(_truth, terms)))

    def is_at(self, kind: str) -> bool:
        return self.here.kind == kind

    def unreadable(self) -> FilterUnreadable:
        """Show what stands here, or at the end of the text what stood last."""
        start = (self.last if self.last and self.is_at("end") else self.here).start
        return FilterUnreadable(near=self.text[start : start + SHOWN].strip())

    def _list(self, word: str, term: Callable[[], Expression]) -> list[Expression]:
        terms = [term()]
        while self._takes(word):
            terms.append(term())
        return terms

    def _conjunction(self) -> Expression:
        terms = self._list("and", self._negation)
        return terms[0] if len(terms) == 1 else And(tuple(map(_truth, terms)))

    def _negation(self) -> Expression:
        if not self._takes("not"):
            return self._comparison()
        return Not(_truth(self._deeper(self._negation)))

    def _comparison(self) -> Expression:
        left = self._operand()
        if self.here.word not in _COMPARISONS:
            return left
        made = Comparison(self._step().word, left, self._operand())
        again = self.here.word in _COMPARISONS
        if again or any(isinstance(side, Comparison | Not | And | Or) for side in (made.left, made.right)):
            raise FilterNotSupported(feature="(… eq …) eq …")
        return made

    def _operand(self) -> Expression:
        operand = self._value()
        if self.here.word in _UNSUPPORTED:
            raise FilterNotSupported(feature=self.here.word)
        return operand

    def _value(self) -> Expression:
        if self._takes("("):
            inner = self._deeper(self.condition)
            self._expect(")")
            return inner
        if self.here.kind in ("sign", "other", "end"):
            raise self.unreadable()
        token = self._step()
        if token.kind != "name":
            return self._literal(token)
        if self._takes("("):
            return self._function(token.word)
        if token.word in _CONSTANTS:
            return Literal(_CONSTANTS[token.word], token.word)
        return parse_property(token.text)

    def _function(self, name: str) -> Function:
        if name != "now" and name not in PARTS:
            raise FilterNotSupported(feature=f"{name.rpartition('/')[2][:SHOWN]}()")
        arguments = self._arguments()
        if len(arguments) != (name in PARTS):
            raise FilterUnreadable(near=f"{name}(")
        if not arguments:
            return Function(name)
        if not isinstance(arguments[0], Property | Literal) and arguments[0] != Function("now"):
            inner = f"{arguments[0].name}()" if isinstance(arguments[0], Function) else "…"
            raise FilterNotSupported(feature=f"{name}({inner})")
        return Function(name, arguments[0])

    def _arguments(self) -> list[Expression]:
        if self._takes(")"):
            return []
        arguments = self._list(",", lambda: self._deeper(self._comparison))
        self._expect(")")
        return arguments

    def _literal(self, token: Token) -> Literal:
        if token.kind == "guid":
            raise FilterNotSupported(feature="guid")
        try:
            return Literal(_READ[token.kind](token.text), _text(token))
        except ValueError as error:
            raise FilterUnreadable(near=token.text[:SHOWN]) from error

    def _takes(self, word: str) -> bool:
        """Pass over a word or sign if it stands here."""
        if self.here.word != word:
            return False
        self._step()
        return True

    def _step(self) -> Token:
        self.last, self.here = self.here, next(self.tokens)
        return self.last

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            raise self.unreadable()

    def _deeper(self, parse: Callable[[], Expression]) -> Expression:
        if self.depth == DEEPEST:
            raise self.unreadable()
        self.depth += 1
        parsed = parse()
        self.depth -= 1
        return parsed


def _truth(expression: Expression) -> Expression:
    """Refuse a value where true or false is wanted."""
    match expression:
        case Literal(value=value, text=text) if not isinstance(value, bool):
            raise FilterNotSupported(feature=text[:SHOWN])
        case Function(name=name):
            raise FilterNotSupported(feature=f"{name}()")
    return expression


def _integer(text: str) -> int | float:
    """Beyond 64 bits no column holds it, and a float compares well enough."""
    number = int(text)
    return number if -(2**63) <= number < 2**63 else float(text)


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")


def _text(token: Token) -> str:
    return _unquoted(token.text) if token.kind == "string" else token.text


def read_moment(text: str) -> datetime:
    """Read an ISO date and time as UTC; raise ValueError, also where UTC has no such year."""
    moment = datetime.fromisoformat(text)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error


_READ: dict[str, Callable[[str], Value]] = {
    "string": _unquoted, "integer": _integer, "decimal": float, "date": date.fromisoformat, "moment": read_moment,
    "time": time.fromisoformat,
}  # fmt: skip
