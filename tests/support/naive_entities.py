"""Entities in Python alone: what a filter, an order and a search leave of a list, worked out row by row."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sync_server.core.odata_filter import And, Comparison, Expression, Function, Literal, Not, Or, Property
from sync_server.core.odata_order import Order
from sync_server.store.entities import StoredEntity

NOON = datetime(2026, 11, 23, 12, 0, 0, 250_000, tzinfo=UTC)
PROPERTIES = ("adm2", "meets-on", "ناحية")
SYSTEM = ("createdAt", "updatedAt", "deletedAt", "creatorId", "updates", "version", "conflict")
TEXTS = ("", "a", "b", "B", "é", "ب", "10", "9", "it's", "%_/")


def random_entities(seed: int, count: int) -> list[StoredEntity]:
    """Entities of every state, many of them alike in what one sorts by."""
    chance = Random(seed)
    return [_entity(chance, number) for number in range(count)]


def _entity(chance: Random, number: int) -> StoredEntity:
    data = {name: chance.choice(TEXTS) for name in (*PROPERTIES, "hidden") if chance.random() < 0.8}
    label, is_deleted, updates = chance.choice(TEXTS[1:]), chance.random() < 0.2, chance.choice((0, 0, 1, 3))
    created = NOON + timedelta(hours=chance.randrange(-3, 3), microseconds=chance.choice((0, 1, 500_000)))
    return StoredEntity(
        project_id=1, list_name="forums", entity_id=f"{chance.randrange(16**8):08x}-{number}",
        number=10_000 * (updates + 1) + chance.randrange(10_000), label=label,
        is_served=not is_deleted and chance.random() < 0.9, is_deleted=is_deleted,
        has_conflict=chance.random() < 0.3, is_waiting=False, data={**data, "label": label},
        state={"events": []}, fingerprint="", created_at=created, updated_at=created + timedelta(days=updates),
        creator_id=chance.choice((None, 7, 8)),
    )  # fmt: skip


def row_of(entity: StoredEntity) -> dict[str, Any]:
    """What can be filtered and sorted by, by its path; None is no answer."""
    updates = entity.number // 10_000 - 1
    system = {
        "createdAt": entity.created_at, "updatedAt": entity.updated_at if updates else None,
        "deletedAt": entity.updated_at if entity.is_deleted else None, "creatorId": entity.creator_id,
        "updates": updates, "version": entity.number, "conflict": "hard" if entity.has_conflict else None,
    }  # fmt: skip
    said = {name: entity.data.get(name) or None for name in PROPERTIES}
    return {"__id": entity.entity_id, "label": entity.label, **said, **{f"__system/{n}": v for n, v in system.items()}}


def is_shown(entity: StoredEntity, text: str = "") -> bool:
    return entity.is_served or ("deletedAt" in text and entity.is_deleted)


def holds(expression: Expression, row: Mapping[str, Any]) -> bool | None:
    """True, false, or None where SQL does not know."""
    match expression:
        case And(terms=terms):
            return _all([holds(term, row) for term in terms])
        case Or(terms=terms):
            found = _all([_not(holds(term, row)) for term in terms])
            return _not(found)
        case Not(term=term):
            return _not(holds(term, row))
        case Comparison(operator=operator, left=left, right=right):
            return _compare(operator, _value(left, row), _value(right, row))
    raise AssertionError(expression)


def _all(found: Sequence[bool | None]) -> bool | None:
    if False in found:
        return False
    return None if None in found else True


def _not(found: bool | None) -> bool | None:
    return None if found is None else not found


def _value(expression: Expression, row: Mapping[str, Any]) -> Any:
    match expression:
        case Property():
            return row[str(expression)]
        case Literal(value=value):
            return value
        case Function(name=name, argument=Property() as of):
            moment = row[str(of)]
            return None if moment is None else getattr(moment, name)
    raise AssertionError(expression)


_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
}  # fmt: skip


def _compare(operator: str, left: Any, right: Any) -> bool | None:
    if operator in ("eq", "ne"):
        return (left == right) is (operator == "eq")
    return None if left is None or right is None else _ORDERED[operator](left, right)


def ordered(entities: Sequence[StoredEntity], order: Sequence[Order]) -> list[StoredEntity]:
    """Sort by the last term first: Python's sort keeps what is equal where it is."""
    found = sorted(entities, key=lambda each: each.entity_id, reverse=True)
    if not order:
        return sorted(found, key=lambda each: each.created_at, reverse=True)
    for term in reversed(order):
        found.sort(key=lambda each: _sort_key(row_of(each)[str(term.property)]), reverse=term.is_descending)
    return found


def _sort_key(value: Any) -> tuple[bool, Any]:
    return (value is not None, 0 if value is None else value)
