"""Model check: however up to five things happen to an entity, all nodes come to what was really seen (guarantee G2).

Two tablets and a web user at one node, or at two that exchange what they have in any order: all that can come about is
walked through (tests/support/entity_model.py). A history is a set of events with what their authors had in front of
them; what a node has of it meanwhile is checked as well.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

import pytest

from sync_server.core.entity_event import DELETION, EntityState
from sync_server.core.entity_fold import fold_entity
from tests.support.entity_model import Events, Model
from tests.support.entity_world import naive_claims, naive_deletion


def check_walk(model: Model) -> None:
    """Walk through everything, and say how much that was."""
    began, states = time.perf_counter(), 0
    histories: set[Events] = set()
    at_nodes: set[Events] = set()
    for state in model.walk():
        states += 1
        histories.add(frozenset(state.made))
        at_nodes.update(state.nodes)
    for history in histories:
        check_history(model, history)
    for events in at_nodes - histories:
        check_part(model, events)
    arrivals = sum(1 for history in histories for _ in _orders(model, history))
    print(
        f"events={model.most} nodes={model.nodes} by_tablet={model.by_tablet} states={states} "
        f"histories={len(histories)} parts={len(at_nodes)} arrivals={arrivals} "
        f"seconds={time.perf_counter() - began:.0f}"
    )


def check_history(model: Model, history: Events) -> None:
    shown, truth = model.fold(history), fold_entity(model.truth(history))
    assert not shown.waits, describe(model, history)
    assert replace(shown, number=0) == replace(truth, number=0), describe(model, history)
    check_plain(model, history, shown)
    for order in _orders(model, history):
        assert fold_entity(model.events[number] for number in order) == shown, describe(model, history)


def check_part(model: Model, events: Events) -> None:
    """What a node has meanwhile: nothing is lost, and where nothing waits it is right."""
    shown = model.fold(events)
    about = [conflict.about for conflict in shown.conflicts]
    assert len(set(about)) == len(about), describe(model, events)
    said = {(name, value) for number in events for name, value in model.events[number].values.items()}
    assert {*shown.values.items()} <= said, describe(model, events)
    if not shown.waits:
        check_plain(model, events, shown)


def check_plain(model: Model, events: Events, shown: EntityState) -> None:
    """By the plain words of the definition: what stands is shown or in conflict, each conflict is told once."""
    truth = model.truth(events)
    for name, values in naive_claims(truth).items():
        said = [{claim.value for claim in c.claims} for c in shown.conflicts if c.about == name]
        assert said == ([values] if len(values) > 1 else []), (name, describe(model, events))
        assert shown.values[name] in values, (name, describe(model, events))
    deletions = sum(conflict.about == DELETION for conflict in shown.conflicts)
    assert deletions == naive_deletion(truth), describe(model, events)


def _orders(model: Model, history: Events) -> Iterator[tuple[int, ...]]:
    """All orders of arrival; of the many histories at two nodes one way and back, as each of them is walked there."""
    there = tuple(sorted(history))
    return permutations(there) if model.nodes == 1 else iter((there, there[::-1]))


def describe(model: Model, events: Events) -> str:
    lines = (
        f"{event.id} {event.kind} {dict(event.values)} saw {sorted(model.events[s].id for s in model.saw[number])}"
        for number in sorted(events)
        if (event := model.events[number])
    )
    return "\n".join(lines)


@pytest.mark.parametrize("by_tablet", [False, True])
@pytest.mark.parametrize(("most", "nodes"), [(4, 1), (3, 2)])
def test_few_events_come_to_what_was_seen(most: int, nodes: int, by_tablet: bool) -> None:
    check_walk(Model(most, nodes, by_tablet))


@pytest.mark.long
@pytest.mark.parametrize("by_tablet", [False, True])
@pytest.mark.parametrize("nodes", [1, 2])
def test_five_events_come_to_what_was_seen(nodes: int, by_tablet: bool) -> None:
    check_walk(Model(5, nodes, by_tablet))
