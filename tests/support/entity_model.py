"""Every way in which a few events come about: two tablets, a web user, one node or two that exchange what they have.

A state is what each node and each tablet has; a move is what one of them does. All states that moves lead to are
visited once. What each author really saw is written down beside the event, in names and not in numbers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from sync_server.core.entity_event import CREATE, DELETE, DELETION, RESTORE, SETTLE, UPDATE, EntityEvent, EntityState
from sync_server.core.entity_fold import fold_entity

Events = frozenset[int]
SAYS = ({"status": "closed"}, {"status": "referred"})  # of each tablet
EDIT = {"status": "dry", "place": "Sinjar"}
IDS = "caeudbf"  # in no order of time, as ids are


class Copy(NamedTuple):
    """A tablet's row of the list: the number it was served, what that was made of, and its own updates since."""

    trunk: int
    saw: Events
    own: tuple[int, ...] = ()


class State(NamedTuple):
    made: tuple[int, ...]
    nodes: tuple[Events, ...]
    copies: tuple[Copy | None, Copy | None] = (None, None)
    unsent: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())


@dataclass
class Model:
    """`most` events happen at `nodes` nodes. Events are numbered; equal ones have one number.

    The entity was made at the first node, or `by_tablet`, which did not send it yet.
    """

    most: int
    nodes: int
    by_tablet: bool = False
    events: list[EntityEvent] = field(default_factory=list)
    saw: list[Events] = field(default_factory=list)
    _numbers: dict[object, int] = field(default_factory=dict)
    _folded: dict[Events, EntityState] = field(default_factory=dict)

    def walk(self) -> Iterator[State]:
        """Visit every state once."""
        values = {"label": "Well", "status": "open"}
        first = self._number(EntityEvent(id=IDS[0], kind=CREATE, values=values, source="s0"), frozenset())
        empty = tuple(frozenset[int]() for _ in range(self.nodes))
        start = State((first,), (frozenset((first,)), *empty[1:]))
        if self.by_tablet:
            start = State((first,), empty, (Copy(0, frozenset(), (first,)), None), ((first,), ()))
        seen, left = {start}, [start]
        while left:
            state = left.pop()
            yield state
            new = {each for move in self._moves for each in move(state)} - seen
            seen |= new
            left += new

    def fold(self, events: Events) -> EntityState:
        if events not in self._folded:
            self._folded[events] = fold_entity(self.events[number] for number in events)
        return self._folded[events]

    def truth(self, events: Events) -> list[EntityEvent]:
        """The events, each naming those of its author's that are among these."""
        names = [(self.events[n], frozenset(self.events[s].id for s in self.saw[n] & events)) for n in sorted(events)]
        return [replace(event, base=None, trunk=None, branch=None, parents=saw) for event, saw in names]

    @cached_property
    def _moves(self) -> tuple[Callable[[State], Iterator[State]], ...]:
        return self._update, self._decide, self._send, self._exchange

    def _update(self, state: State) -> Iterator[State]:
        """A tablet updates what it has, or what it fetches just now: Collect takes only what has a higher number."""
        for tablet in (0, 1):
            have = state.copies[tablet]
            for copy in {have, *(self._fetch(have, shown) for shown in state.nodes)} - {None}:
                if copy is not None and len(state.made) < self.most:
                    yield self._updated(state, tablet, copy)

    def _fetch(self, have: Copy | None, shown: Events) -> Copy | None:
        served = self.fold(shown)
        local = 0 if have is None else have.trunk + len(have.own)
        is_newer = served.is_created and not served.is_deleted and served.number > local
        return Copy(served.number, shown) if is_newer else have

    def _updated(self, state: State, tablet: int, copy: Copy) -> State:
        made = EntityEvent(
            id=IDS[len(state.made)],
            kind=UPDATE,
            values=SAYS[tablet],
            base=copy.trunk + len(copy.own),
            trunk=copy.trunk,
            branch=f"{tablet}-{copy.trunk}",
            source=f"s{len(state.made)}",
        )
        number = self._number(made, copy.saw.union(copy.own))
        return state._replace(
            made=(*state.made, number),
            copies=_put(state.copies, tablet, copy._replace(own=(*copy.own, number))),
            unsent=_put(state.unsent, tablet, (*state.unsent[tablet], number)),
        )

    def _decide(self, state: State) -> Iterator[State]:
        """The web user does at a node what the page there offers."""
        for node, shown in enumerate(state.nodes):
            for kind, values in self._offered(self.fold(shown)):
                if len(state.made) < self.most:
                    parents = frozenset(self.events[number].id for number in shown)
                    made = EntityEvent(id=IDS[len(state.made)], kind=kind, values=values, parents=parents)
                    number = self._number(made, shown)
                    yield state._replace(made=(*state.made, number), nodes=_put(state.nodes, node, shown | {number}))

    def _offered(self, shown: EntityState) -> Iterator[tuple[str, dict[str, str]]]:
        if shown.is_created and (not shown.is_deleted or shown.conflicts):
            yield UPDATE, EDIT
        if shown.conflicts:
            yield SETTLE, {c.about: shown.values[c.about] for c in shown.conflicts if c.about != DELETION}
        if shown.is_created:
            yield (RESTORE if shown.is_deleted else DELETE), {}

    def _send(self, state: State) -> Iterator[State]:
        """A tablet sends all that it has; or the connection broke, and only the last got through."""
        for tablet, unsent in enumerate(state.unsent):
            for count in {len(unsent), 1} if unsent else ():
                for node, shown in enumerate(state.nodes):
                    yield state._replace(
                        nodes=_put(state.nodes, node, shown.union(unsent[-count:])),
                        unsent=_put(state.unsent, tablet, unsent[:-count]),
                    )

    def _exchange(self, state: State) -> Iterator[State]:
        """One node has what the other has, whichever way the line broke."""
        for node in range(len(state.nodes)):
            yield state._replace(nodes=_put(state.nodes, node, frozenset().union(*state.nodes)))

    def _number(self, event: EntityEvent, saw: Events) -> int:
        key = (event.id, event.kind, event.trunk, event.base, event.branch, *sorted(event.values.items()), saw)
        if key not in self._numbers:
            self._numbers[key] = len(self.events)
            self.events.append(event)
            self.saw.append(saw)
        return self._numbers[key]


def _put(values: tuple, place: int, value: object) -> tuple:  # type: ignore[type-arg]
    return (*values[:place], value, *values[place + 1 :])
