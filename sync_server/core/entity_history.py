"""The versions of an entity: its events in causal order, each with what the entity was after it.

Like the state, they are a function of the set of events, the same at every node: an update that comes late takes its
place in the order, and versions after it get new numbers. That a person deleted or restored it is a version too, and
so is what a submission took back: each makes the entity's number greater.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sync_server.core.entity_event import DELETE, RESTORE, WITHDRAWN, EntityEvent
from sync_server.core.entity_fold import EntityFold
from sync_server.core.entity_number import make_number
from sync_server.core.entity_rules import Rules
from sync_server.core.entity_seen import Seen

_SAY_NOTHING = frozenset((DELETE, RESTORE, WITHDRAWN))


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityVersion:
    """An entity after one event.

    `base` is the number of what the event's author saw, None when that was nothing; `base_place` the last version of
    it. `conflicting` are the properties that it made a conflict of, `unsettled` all that are one after it. It is
    parallel when its author did not know all that stands before it.
    """

    event: EntityEvent
    number: int
    values: Mapping[str, str]
    base: int | None
    base_place: int | None
    base_diff: tuple[str, ...]
    server_diff: tuple[str, ...]
    is_parallel: bool
    conflicting: tuple[str, ...]
    unsettled: frozenset[str]


def read_history(events: Iterable[EntityEvent], rules: Rules) -> list[EntityVersion]:
    """Return the versions, the earliest first; the last one's number and values are those of the entity."""
    seen = Seen({event.id: event for event in events}.values())
    return list(_History(rules, list(seen.order)).versions())


def find_last_good(versions: Sequence[EntityVersion]) -> int:
    """Return the place of the last version before what is still in conflict; the current one when nothing is."""
    last = len(versions) - 1
    while last > 0 and versions[last].unsettled:
        last -= 1
    return last


def find_relevant(versions: Sequence[EntityVersion]) -> set[int]:
    """Return the places of the versions to look at when settling: none when nothing is in conflict."""
    if not versions[-1].unsettled:
        return set()
    since = set(range(find_last_good(versions), len(versions)))
    bases = {versions[place].base_place for place in since if versions[place].conflicting}
    return since | {place for place in bases if place is not None}


@dataclass(frozen=True, slots=True)
class _History:
    rules: Rules
    order: Sequence[tuple[int, EntityEvent, int]]

    def versions(self) -> Iterator[EntityVersion]:
        fold, before, earlier = EntityFold(self.rules), dict[str, str](), 0
        for place, (bit, event, mask) in enumerate(self.order):
            fold.add(bit, event, mask)
            values = {name: fold.value(name) for name in sorted(fold.registers)}
            conflicts = list(fold.conflicts())
            yield EntityVersion(
                event=event,
                number=make_number(other for _, other, _ in self.order[: place + 1]),
                values=values,
                base=self._number(mask),
                base_place=max((n for n, (other, _, _) in enumerate(self.order) if mask & other), default=None),
                base_diff=tuple(n for n, v in event.values.items() if place and v != fold.value(n, mask)),
                server_diff=_difference(before, values) if place else (),
                is_parallel=event.kind not in _SAY_NOTHING and bool(earlier & ~mask),
                conflicting=tuple(sorted(c.about for c in conflicts if event.id in {each.event for each in c.claims})),
                unsettled=frozenset(conflict.about for conflict in conflicts),
            )
            before = values
            if event.kind not in _SAY_NOTHING:
                earlier |= bit

    def _number(self, mask: int) -> int | None:
        return make_number(event for bit, event, _ in self.order if mask & bit) if mask else None


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name in sorted({*before, *after}) if before.get(name, "") != after.get(name, ""))


def find_changes(
    versions: Sequence[EntityVersion], shown: Collection[str]
) -> Iterator[list[tuple[str, str | None, str | None]]]:
    """Between each version and the next: what changed, as (property, old, new); of the properties that are shown."""
    for before, after in pairwise(versions):
        changed = _difference(before.values, after.values)
        yield [(name, before.values.get(name), after.values.get(name)) for name in changed if name in shown]
