"""Work out what the author of each event of an entity had seen of the others.

For what was done on the server that is written down. A tablet's update names the version it began from by its number:
among the sets of events that can have been shown together, this finds the one that has the number. Sets are masks:
the bit of an event is its place in the order of ids, so nothing here depends on arrival.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import combinations
from operator import and_, or_

from sync_server.core.entity_event import EntityEvent
from sync_server.core.entity_number import FINGERPRINTS, fingerprint, split_number

# With more events than this only histories without parallel branches are searched, with fewer also those of three
# branches and of updates that overtook each other: 800 sets and 6,000, which takes some milliseconds.
WIDEST, WIDEST_WITH_GAPS = 40, 16
# Sets looked at for one entity, a fraction of a second: what is not found by then waits, as if its base had not come.
TRIES = 20_000


class Seen:
    """What was seen, event by event, and the order in which that became known: earlier ones first."""

    def __init__(self, events: Iterable[EntityEvent]) -> None:
        self.events: Sequence[EntityEvent] = sorted(events, key=lambda event: event.id)
        self.by_event: dict[int, int] = {}
        self.waiting: set[int] = set()
        self._places = {event.id: place for place, event in enumerate(self.events)}
        self._fingerprints = [fingerprint(event.id) for event in self.events]
        self._creations = self._mask(n for n, event in enumerate(self.events) if event.can_create)
        self._known, self._tries = 0, TRIES
        self._find_all()

    @property
    def order(self) -> Iterator[tuple[int, EntityEvent, int]]:
        """Each event with its bit and the mask of what its author saw, authors' predecessors first."""
        return ((1 << place, self.events[place], mask) for place, mask in self.by_event.items())

    def _find_all(self) -> None:
        """In a fixed order, as often as it helps: who builds on nothing unknown; else the first one has to wait."""
        left = sorted(range(len(self.events)), key=self._rank)
        while left:
            before = len(left)
            left = [place for place in left if not self._place(place, self._find(self.events[place]))]
            if len(left) == before:
                first = next((place for place in left if not self._follows_unplaced(place)), left[0])
                left.remove(first)
                self.waiting.add(first)
                self._place(first, self._least(self.events[first], first))

    def _follows_unplaced(self, place: int) -> bool:
        """Tell whether an event was made having seen one that is here and has no place yet: that one waits first."""
        parents = self.events[place].parents or ()
        return any(id in self._places and self._places[id] not in self.by_event for id in parents)

    def _place(self, place: int, mask: int | None) -> bool:
        if mask is not None:
            self.by_event[place] = mask
            self._known |= 1 << place
        return mask is not None

    def _rank(self, place: int) -> tuple[int, int, str]:
        event = self.events[place]
        trunk = event.base if event.trunk is None else event.trunk
        if event.base is None or trunk is None:
            return (0 if event.parents is None else len(event.parents), 0, event.id)
        return (split_number(trunk)[0], event.base - trunk, event.id)

    def _find(self, event: EntityEvent) -> int | None:
        """Return what the author saw; None while that cannot be told."""
        if event.parents is not None:
            return self._explicit(event.parents)
        if event.base is None:
            return 0
        if event.trunk is not None and event.base > max(event.trunk, 1):
            return self._before_in_branch(event)
        trunk = event.base if event.trunk is None else event.trunk
        is_tablets_own = trunk < FINGERPRINTS  # no server gives such a number
        return self._own_creation() if is_tablets_own else self._with_number(trunk)

    def _explicit(self, parents: frozenset[str]) -> int | None:
        places = [self._places[id] for id in parents if id in self._places]
        is_whole = len(places) == len(parents) and all(place in self.by_event for place in places)
        return self._mask(places) if is_whole else None

    def _before_in_branch(self, event: EntityEvent) -> int | None:
        """The k-th update of a branch has seen what the one before had seen, and that one."""
        assert event.base is not None
        before = [
            place
            for place in self.by_event
            if self.events[place].branch == event.branch and self.events[place].base == event.base - 1
        ]
        if not before or event.branch is None:
            return None
        return self._mask(before) | self._union(before)

    def _own_creation(self) -> int | None:
        """A tablet that updates what it made itself has seen its creation; of several, it is not known which."""
        creation = self._creations
        return creation if creation.bit_count() == 1 and self._is_known(creation) else None

    def _least(self, event: EntityEvent, place: int) -> int:
        """What the author of a waiting event has seen in any case."""
        if event.parents is not None:
            present = self._mask(self._places[id] for id in event.parents if id in self._places)
            return present & self._known
        creation = self._own_creation()
        return 0 if creation is None or creation == 1 << place else creation

    def _with_number(self, number: int) -> int | None:
        """Find the set of known events that was served under a number; of several, what all of them have."""
        facts, mark = split_number(number)
        for candidates in self._stages():
            self._tries -= len(candidates)
            if self._tries < 0:
                return None
            found = {mask for mask in candidates if mask & self._creations and self._fingerprint(mask) == mark}
            exact = {mask for mask in found if self._facts(mask) == facts}
            # Since then, further versions of the submissions behind it may have come.
            grown = {mask for mask in found if mask.bit_count() <= facts <= self._facts(mask)}
            if exact or grown:
                return _common(exact or grown)
        return None

    def _stages(self) -> Iterator[set[int]]:
        """Sets that can have been shown together, the likeliest first."""
        downs = {mask | 1 << place for place, mask in self.by_event.items()}
        known = self._known
        yield {known}
        yield downs
        if len(downs) > WIDEST:
            return
        ups = [self._up(place) for place in self.by_event]
        yield {*_unions(downs, 2), *(known & ~a for a in ups), *(known & ~(a | b) for a, b in combinations(ups, 2))}
        if len(downs) > WIDEST_WITH_GAPS:
            return
        yield _unions(downs, 3)
        # A node may show an update before what it builds upon has come: it, and the creation.
        alone = {self._creations | 1 << place for place in self.by_event}
        yield {*_unions(downs | alone, 2), *_unions(downs | alone, 3)}

    def _up(self, place: int) -> int:
        """The event and all that have seen it."""
        return self._mask(n for n, mask in self.by_event.items() if mask >> place & 1) | 1 << place

    def _is_known(self, mask: int) -> bool:
        return mask & ~self._known == 0

    def _facts(self, mask: int) -> int:
        return sum(self.events[place].facts for place in _places(mask))

    def _fingerprint(self, mask: int) -> int:
        return sum(self._fingerprints[place] for place in _places(mask)) % FINGERPRINTS

    def _union(self, places: Iterable[int]) -> int:
        return reduce(or_, (self.by_event[place] for place in places), 0)

    @staticmethod
    def _mask(places: Iterable[int]) -> int:
        return reduce(or_, (1 << place for place in places), 0)


def _unions(masks: Iterable[int], count: int) -> set[int]:
    return {reduce(or_, some) for some in combinations(sorted(masks), count)}


def _places(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def _common(masks: Iterable[int]) -> int:
    return reduce(and_, masks)
