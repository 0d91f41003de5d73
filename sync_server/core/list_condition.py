"""Which rows of an entity list somebody may have, as a small tree that Python and the database read alike.

There is no "not" in it: whoever makes a condition turns it around first. So what cannot be known, such as a value that
somebody was never given, is simply false, and no negation makes it true.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class OneOf:
    """The property has one of these values; an empty one stands for a property that says nothing."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoneOf:
    """The property has none of these values."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ordered:
    """The property stands before or behind a value, as text; `operator` is lt, le, gt or ge. Never true of nothing."""

    name: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class CreatedBy:
    actor_id: int | None


@dataclass(frozen=True, slots=True)
class AllOf:
    terms: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    terms: tuple["Condition", ...]


Condition: TypeAlias = OneOf | NoneOf | Ordered | CreatedBy | AllOf | AnyOf

EVERYTHING: Condition = AllOf(())
NOTHING: Condition = AnyOf(())


def holds(condition: Condition, values: Mapping[str, str], creator_id: int | None = None) -> bool:
    """Tell whether an entity with these values (and its label), made by this actor, is among the rows."""
    match condition:
        case OneOf(name, wanted):
            return values.get(name, "") in wanted
        case NoneOf(name, unwanted):
            return values.get(name, "") not in unwanted
        case Ordered(name, operator, limit):
            value = values.get(name, "")
            return value != "" and _is_ordered(value, operator, limit)
        case CreatedBy(actor_id):
            return actor_id is not None and creator_id == actor_id
        case AllOf(terms):
            return all(holds(term, values, creator_id) for term in terms)
        case AnyOf(terms):
            return any(holds(term, values, creator_id) for term in terms)


def all_of(*terms: Condition) -> Condition:
    """Join conditions of which every one must hold, as plainly as it can be said."""
    kept = tuple(dict.fromkeys(term for term in terms if term != EVERYTHING))
    if NOTHING in kept:
        return NOTHING
    return kept[0] if len(kept) == 1 else AllOf(kept)


def any_of(*terms: Condition) -> Condition:
    """Join conditions of which one is enough, as plainly as it can be said."""
    kept = tuple(dict.fromkeys(term for term in terms if term != NOTHING))
    if EVERYTHING in kept:
        return EVERYTHING
    return kept[0] if len(kept) == 1 else AnyOf(kept)


def names_in(condition: Condition) -> Iterator[str]:
    """Every mention of a property."""
    match condition:
        case OneOf(name) | NoneOf(name) | Ordered(name):
            yield name
        case AllOf(terms) | AnyOf(terms):
            for term in terms:
                yield from names_in(term)
        case _:
            return


def asks_for_creator(condition: Condition) -> bool:
    match condition:
        case CreatedBy():
            return True
        case AllOf(terms) | AnyOf(terms):
            return any(map(asks_for_creator, terms))
        case _:
            return False


def _is_ordered(value: str, operator: str, limit: str) -> bool:
    if operator in ("lt", "le"):
        return value < limit or (operator == "le" and value == limit)
    return value > limit or (operator == "ge" and value == limit)
