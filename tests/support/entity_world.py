"""A small world in which an entity lives: hubs, tablets that copy its list from one of them, a person in the office.

Who saw what is written down beside every event, in its own words and not in numbers, so that a fold can be held
against what really happened.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sync_server.core.entity_event import CREATE, DELETE, DELETION, RESTORE, SETTLE, UPDATE, EntityEvent
from sync_server.core.entity_fold import fold_entity

Step = tuple[str, ...]


@dataclass
class Hub:
    events: dict[str, EntityEvent] = field(default_factory=dict)

    @property
    def number(self) -> int:
        return fold_entity(self.events.values()).number

    def take(self, events: Iterable[EntityEvent]) -> None:
        self.events.update({event.id: event for event in events})


@dataclass
class Copy:
    """A tablet's row of the list: what it was served, and what the tablet did since."""

    trunk: int
    saw: frozenset[str]
    branch: str
    own: list[str] = field(default_factory=list)


@dataclass
class World:
    """Hubs A and B; `saw` is the truth about each event: the ids of all that its author had in front of them."""

    hubs: dict[str, Hub] = field(default_factory=lambda: {"A": Hub(), "B": Hub()})
    events: dict[str, EntityEvent] = field(default_factory=dict)
    saw: dict[str, frozenset[str]] = field(default_factory=dict)
    copies: dict[str, Copy] = field(default_factory=dict)
    unsent: dict[str, list[EntityEvent]] = field(default_factory=dict)

    def do(self, step: Step) -> None:
        getattr(self, step[0])(*step[1:])

    def create(self, hub: str, **values: str) -> None:
        made = EntityEvent(
            id=self._name(), kind=CREATE, values=values or {"label": "Well", "status": "open"}, source="s0"
        )
        self._add(made, frozenset())
        self.hubs[hub].take([made])

    def fetch(self, tablet: str, hub: str) -> None:
        """Collect takes what the server shows when its number is higher; else it keeps what it has."""
        shown = self.hubs[hub]
        state = fold_entity(shown.events.values())
        copy = self.copies.get(tablet)
        local = copy.trunk + len(copy.own) if copy else 0
        if state.is_created and not state.is_deleted and state.number > local:
            self.copies[tablet] = Copy(state.number, frozenset(shown.events), f"{tablet}-{state.number}")

    def update(self, tablet: str, name: str, value: str) -> None:
        copy = self.copies.get(tablet)
        if copy is None:
            return
        made = EntityEvent(
            id=self._name(),
            kind=UPDATE,
            values={name: value},
            base=copy.trunk + len(copy.own),
            trunk=copy.trunk,
            branch=copy.branch,
            source=f"s{len(self.events)}",
        )
        self._add(made, copy.saw | set(copy.own))
        copy.own.append(made.id)
        self.unsent.setdefault(tablet, []).append(made)

    def send(self, tablet: str, hub: str) -> None:
        self.hubs[hub].take(self.unsent.pop(tablet, []))

    def send_last(self, tablet: str, hub: str) -> None:
        """The connection broke, and the later one got through."""
        if waiting := self.unsent.get(tablet):
            self.hubs[hub].take([waiting.pop()])

    def edit(self, hub: str, name: str, value: str) -> None:
        self._on_server(hub, UPDATE, {name: value})

    def delete(self, hub: str) -> None:
        self._on_server(hub, DELETE, {})

    def restore(self, hub: str) -> None:
        self._on_server(hub, RESTORE, {})

    def settle(self, hub: str) -> None:
        """Decide all that is in conflict for what is shown for the time being."""
        shown = fold_entity(self.hubs[hub].events.values())
        about = [conflict.about for conflict in shown.conflicts]
        if about:
            self._on_server(hub, SETTLE, {name: shown.values[name] for name in about if name != DELETION})
        if DELETION in about:
            self.delete(hub)

    def sync(self) -> None:
        for one, other in (("A", "B"), ("B", "A")):
            self.hubs[one].take(self.hubs[other].events.values())

    def _on_server(self, hub: str, kind: str, values: dict[str, str]) -> None:
        shown = frozenset(self.hubs[hub].events)
        if fold_entity(self.hubs[hub].events.values()).is_created:
            made = EntityEvent(id=self._name(), kind=kind, values=values, parents=shown)
            self._add(made, shown)
            self.hubs[hub].take([made])

    def _name(self) -> str:
        # In no order of time, as ids are.
        return f"{(len(self.events) * 7 + 3) % 11:02d}-{len(self.events)}"

    def _add(self, event: EntityEvent, saw: frozenset[str]) -> None:
        self.events[event.id] = event
        self.saw[event.id] = saw

    def truth(self) -> list[EntityEvent]:
        """The same events, each saying by names what its author saw."""
        bare = (replace(event, base=None, trunk=None, branch=None) for event in self.events.values())
        return [replace(event, parents=self.saw[event.id]) for event in bare]


def naive_claims(events: Sequence[EntityEvent]) -> dict[str, set[str]]:
    """The values of each property that stand, by the plain words of the definition; more than one is a conflict."""
    by_id = {event.id: event for event in events}
    names = {name for event in events for name in event.values}
    return {name: {by_id[id].values[name] for id in _standing(by_id, name, set(by_id))} for name in names}


def naive_deletion(events: Sequence[EntityEvent]) -> bool:
    """Tell by plain words whether somebody deleted it while another, who did not know, went on with it."""
    by_id = {event.id: event for event in events}
    existence = [event for event in events if event.kind in (DELETE, RESTORE)]
    last = [event for event in existence if not any(event.id in (other.parents or ()) for other in existence)]
    deletes = {event.id for event in existence if event.kind == DELETE}
    if not any(event.id in deletes for event in last):
        return False
    known = {id for event in last for id in (event.id, *(event.parents or ()))}
    went_on = [e for e in events if e.id not in known and not deletes & (e.parents or frozenset())]
    changed = [e for e in went_on if any(_changes(by_id, name, e.id) for name in e.values)]
    return bool(changed) or any(event.kind == RESTORE for event in last)


def _standing(by_id: dict[str, EntityEvent], name: str, shown: set[str]) -> set[str]:
    changing = {id for id in shown if _changes(by_id, name, id)}
    return {id for id in changing if not any(id in (by_id[other].parents or ()) for other in changing)}


def _changes(by_id: dict[str, EntityEvent], name: str, id: str) -> bool:
    event = by_id[id]
    if name not in event.values:
        return False
    if event.kind == SETTLE:
        return True
    before = _standing(by_id, name, set(event.parents or ()))
    return event.values[name] != _winner(by_id, name, before)


def _winner(by_id: dict[str, EntityEvent], name: str, standing: set[str]) -> str:
    if not standing:
        return ""
    return by_id[max(standing, key=lambda id: (_generation(by_id, id), id))].values[name]


def _generation(by_id: dict[str, EntityEvent], id: str) -> int:
    return 1 + max((_generation(by_id, parent) for parent in by_id[id].parents or ()), default=0)
