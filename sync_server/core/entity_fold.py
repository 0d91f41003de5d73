"""Fold the events of one entity into its state (guarantee G2): a function of their set, never of their arrival.

Each property is a register of its own. An event changes it when it says another value than its author saw; a change
counts until somebody who saw it makes another. Where several count, they are parallel: equal ones agree, a rule of the
list may merge them, and else it is a conflict, with a provisional value that is the same at every node: that of the
later causal generation, then of the greater id. Whoever decides makes a change having seen them all, and it is settled;
only a person who settles it can decide for what is shown, since forms pass on what they were shown without a thought.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sync_server.core.entity_event import (
    DELETE,
    DELETION,
    RESTORE,
    SETTLE,
    Claim,
    EntityConflict,
    EntityEvent,
    EntityState,
)
from sync_server.core.entity_number import make_number
from sync_server.core.entity_rules import COUNT, Rules, merge_by_rule
from sync_server.core.entity_seen import Seen

_WHOLE = -1  # the mask with every event


def fold_entity(events: Iterable[EntityEvent], rules: Rules | None = None) -> EntityState:
    """Return the state that these events come to; the same event twice is once."""
    different = {event.id: event for event in events}
    if len(different) == 1:
        (event,) = different.values()
        if event.can_create and event.base is None and not event.parents:
            return _only_created(event, rules or {})
    return _fold_all(different.values(), rules or {})


def _only_created(event: EntityEvent, rules: Rules) -> EntityState:
    """What `_fold_all` gives for most entities, to which nothing happened since: a fifth of its time."""
    fold = EntityFold(rules)
    return EntityState(
        number=make_number([event]),
        is_created=True,
        is_deleted=False,
        values={name: fold.first_value(name, event) for name in sorted(event.values)},
        conflicts=(),
        waits=(),
        events=(event.id,),
    )


def _fold_all(events: Iterable[EntityEvent], rules: Rules) -> EntityState:
    seen = Seen(events)
    fold = EntityFold(rules)
    for bit, event, mask in seen.order:
        fold.add(bit, event, mask)
    return EntityState(
        number=make_number(seen.events),
        is_created=any(event.can_create for event in seen.events),
        is_deleted=fold.is_deleted(),
        values={name: fold.value(name) for name in sorted(fold.registers)},
        conflicts=tuple(sorted(fold.conflicts())),
        waits=tuple(sorted(seen.events[place].id for place in seen.waiting)),
        events=tuple(event.id for event in seen.events),
    )


@dataclass(slots=True)
class _Change:
    """One event's change of one property."""

    bit: int
    event: EntityEvent
    seen: int
    value: str
    generation: int


@dataclass(slots=True)
class EntityFold:
    rules: Rules
    registers: dict[str, list[_Change]] = field(default_factory=dict)
    existence: list[_Change] = field(default_factory=list)
    given: dict[str, list[_Change]] = field(default_factory=dict)  # what a counter counts, changed or not
    generations: dict[int, int] = field(default_factory=dict)

    def add(self, bit: int, event: EntityEvent, seen: int) -> None:
        """Add an event; all that its author saw must have been added before."""
        generation = 1 + max((g for other, g in self.generations.items() if seen & other), default=0)
        self.generations[bit] = generation
        if event.kind in (DELETE, RESTORE):
            self.existence.append(_Change(bit, event, seen, event.kind, generation))
        for name, value in event.values.items():
            change = _Change(bit, event, seen, value, generation)
            before = self.registers.setdefault(name, [])
            if self._is_counted(name):
                self.given.setdefault(name, []).append(change)
            if event.kind == SETTLE or value != self.value(name, seen):
                before.append(change)

    def value(self, name: str, within: int = _WHOLE) -> str:
        """The value of a property as shown to whoever saw these events; empty when nothing was said of it."""
        if self._is_counted(name):
            return self._count(name, within)
        standing = _standing(self.registers.get(name, ()), within)
        if not standing:
            return ""
        merged = self._merged(name, standing)
        return standing[0].value if merged is None else merged

    def first_value(self, name: str, event: EntityEvent) -> str:
        """The value of a property when this is all that happened."""
        if not self._is_counted(name):
            return event.values[name]
        return str(_integer(event.values[name])) if event.source is None else "1"

    def is_deleted(self) -> bool:
        """Of deleting and restoring in parallel, deleting counts until somebody decides: it may have been a wish."""
        return any(change.value == DELETE for change in _standing(self.existence))

    def conflicts(self) -> Iterator[EntityConflict]:
        for name in self.registers:
            standing = _standing(self.registers[name])
            if not self._is_counted(name) and self._merged(name, standing) is None and standing:
                yield EntityConflict(name, tuple(Claim(change.event.id, change.value) for change in standing))
        yield from self._deletion()

    def _deletion(self) -> Iterator[EntityConflict]:
        """Deleted while somebody who did not know went on with it, or restored it."""
        standing = _standing(self.existence)
        if not any(change.value == DELETE for change in standing):
            return
        known = 0
        for change in standing:
            known |= change.seen | change.bit
        unknown = [
            c for changes in self.registers.values() for c in changes if not c.bit & known and self._overlooks(c)
        ]
        claims = {Claim(c.event.id, c.value) for c in standing} | {Claim(c.event.id, c.event.kind) for c in unknown}
        if len({claim.value for claim in claims}) > 1:
            yield EntityConflict(DELETION, tuple(sorted(claims, key=lambda claim: (claim.value != DELETE, claim))))

    def _overlooks(self, change: _Change) -> bool:
        return not any(change.seen & other.bit for other in self.existence if other.value == DELETE)

    def _is_counted(self, name: str) -> bool:
        return name in self.rules and self.rules[name].merge == COUNT

    def _merged(self, name: str, standing: list[_Change]) -> str | None:
        """The one value that they agree on, or that a rule makes of them; None for a conflict."""
        values = [change.value for change in standing]
        if len(set(values)) == 1:
            return values[0]
        rule = self.rules.get(name)
        if rule is None or not values:
            return None
        return merge_by_rule(rule, values, [self._date(rule.by, change) for change in standing])

    def _date(self, by: str, change: _Change) -> str:
        """The event date that goes with a change: what its author gave, or saw."""
        given = change.event.values.get(by)
        return self.value(by, change.seen) if given is None else given

    def _count(self, name: str, within: int) -> str:
        """Count the submissions that gave the property; a number set on the server stands for those its author saw."""
        given = [change for change in self.given.get(name, ()) if change.bit & within]
        set_by_hand = _standing([change for change in given if change.event.source is None])
        totals = [_integer(change.value) + _sources(given, unseen_by=change.seen) for change in set_by_hand]
        total = max(totals, default=_sources(given, unseen_by=0))
        return str(total) if given else ""


def _standing(changes: Iterable[_Change], within: int = _WHOLE) -> list[_Change]:
    """The changes that nobody who saw them changed again, the provisional winner first."""
    shown = [change for change in changes if change.bit & within]
    overtaken = 0
    for change in shown:
        overtaken |= change.seen
    standing = [change for change in shown if not change.bit & overtaken]
    return sorted(standing, key=lambda change: (change.generation, change.event.id), reverse=True)


def _sources(given: Iterable[_Change], *, unseen_by: int) -> int:
    return len({change.event.source for change in given if change.event.source and not change.bit & unseen_by})


def _integer(text: str) -> int:
    return int(text) if text.strip().isdecimal() else 0
