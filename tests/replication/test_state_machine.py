"""Whatever happens, in whatever order: once all is quiet, hubs and centre hold and show the same (guarantee G2)."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.support.entity_life import ACTS
from tests.support.replica_world import CENTRE, HUB_A, HUB_B, SCOPES, World

NUMBERS = st.integers(1, 4)
CONTENTS = st.integers(0, 5)
NODES = st.sampled_from((CENTRE, HUB_A, HUB_B))
HUBS = st.sampled_from((HUB_A, HUB_B))


class Nodes(RuleBasedStateMachine):
    """Every rule is one thing that can happen; at the end everything must be the same everywhere."""

    open_world: Callable[[Path], World] = World

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self.world = type(self).open_world(Path(self._folder.name))
        self.world.start()

    @rule(where=NODES, number=NUMBERS, content=CONTENTS, photo=st.one_of(st.none(), st.integers(0, 2)))
    def submit(self, where: str, number: int, content: int, photo: int | None) -> None:
        self.world.submit(where, number, content, photo=photo)

    @rule(where=NODES, number=NUMBERS, content=CONTENTS)
    def edit(self, where: str, number: int, content: int) -> None:
        self.world.edit(where, number, content)

    @rule(where=NODES, number=NUMBERS, state=st.sampled_from(("approved", "hasIssues", "rejected")))
    def review(self, where: str, number: int, state: str) -> None:
        self.world.review(where, number, state)

    @rule(where=NODES, number=NUMBERS)
    def comment(self, where: str, number: int) -> None:
        self.world.comment(where, number, "call them")

    @rule(where=NODES, number=NUMBERS)
    def settle(self, where: str, number: int) -> None:
        self.world.settle(where, number)

    @rule(where=NODES, number=NUMBERS)
    def erase(self, where: str, number: int) -> None:
        self.world.erase(where, number)

    @rule(where=NODES, number=NUMBERS)
    def register(self, where: str, number: int) -> None:
        self.world.register(where, number)

    @rule(where=NODES, number=NUMBERS)
    def update(self, where: str, number: int) -> None:
        self.world.update(where, number)

    @rule(where=NODES, what=st.sampled_from(ACTS), number=NUMBERS)
    def decide(self, where: str, what: str, number: int) -> None:
        self.world.decide(where, what, number)

    @rule(where=NODES)
    def erase_registration(self, where: str) -> None:
        self.world.erase_registration(where)

    @rule(is_shared=st.booleans())
    def share(self, is_shared: bool) -> None:
        self.world.share(is_shared)

    @rule()
    def publish(self) -> None:
        self.world.publish()

    @rule(state=st.sampled_from(("open", "closing", "closed")))
    def set_state(self, state: str) -> None:
        self.world.set_state(state)

    @rule()
    def revoke(self) -> None:
        self.world.revoke()

    @rule(hub=HUBS, name=st.sampled_from(sorted(SCOPES)))
    def scope(self, hub: str, name: str) -> None:
        self.world.scope(hub, name)

    @rule(hub=HUBS, seed=st.integers(0, 10_000))
    def sync_on_a_bad_line(self, hub: str, seed: int) -> None:
        self.world.sync(hub, seed=seed)

    @rule(hub=HUBS)
    def sync(self, hub: str) -> None:
        self.world.sync(hub, is_calm=True)

    @rule(hub=HUBS, is_up=st.booleans())
    def make_bundle(self, hub: str, is_up: bool) -> None:
        self.world.make_bundle(hub, is_up=is_up)

    @rule(hub=HUBS, is_up=st.booleans(), which=st.integers(0, 3))
    def take_bundle(self, hub: str, is_up: bool, which: int) -> None:
        self.world.take_bundle(hub, is_up=is_up, which=which)

    @rule(where=NODES)
    def restart(self, where: str) -> None:
        self.world.restart(where)

    @rule(hub=HUBS)
    def save(self, hub: str) -> None:
        self.world.save(hub)

    @rule(hub=HUBS)
    def restore(self, hub: str) -> None:
        self.world.restore(hub)

    def teardown(self) -> None:
        try:
            self.world.settle_down()
        finally:
            self.world.stop()
            self._folder.cleanup()


@pytest.fixture(params=["in one process, SQLite", "socket, SQLite", "in one process, PostgreSQL", "socket, PostgreSQL"])
def open_world(request: pytest.FixtureRequest) -> Iterator[Callable[[Path], World]]:
    """Ways of being two nodes: hubs are SQLite, the centre either; the line between them a call or a socket."""
    way, _, database = request.param.partition(", ")
    urls: list[str] = []

    def open_one(folder: Path) -> World:
        if database == "PostgreSQL":
            urls.append(request.getfixturevalue("postgresql").new_database())
        return World(folder, urls[-1] if urls else "", is_remote=way == "socket")

    yield open_one
    for url in urls:
        request.getfixturevalue("postgresql").drop_database(url)


def test_all_nodes_come_to_the_same_whatever_happens(open_world: Callable[[Path], World]) -> None:
    class These(Nodes):
        pass

    These.open_world = staticmethod(open_world)  # type: ignore[assignment]
    checks = settings(
        max_examples=1, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), database=None,
        print_blob=True,
    )  # fmt: skip
    run_state_machine_as_test(These, settings=checks)  # type: ignore[no-untyped-call]


@pytest.mark.long
def test_all_nodes_come_to_the_same_over_twenty_thousand_steps(
    open_world: Callable[[Path], World], tmp_path: Path
) -> None:
    """Five thousand in each of the four ways of being two nodes."""
    seed = random.SystemRandom().randrange(10**9)
    for number in range(50):
        print(f"seed {seed + number}")
        walk(open_world(tmp_path / str(number)), random.Random(seed + number), steps=100)


def walk(world: World, chance: random.Random, *, steps: int) -> None:
    """Take so many steps at random, then check that all is the same."""
    world.chance = chance
    world.start()
    try:
        for _ in range(steps):
            step(world, chance)
        world.settle_down()
    finally:
        world.stop()


def step(world: World, chance: random.Random) -> None:
    where, hub = chance.choice((CENTRE, HUB_A, HUB_B)), chance.choice((HUB_A, HUB_B))
    number, content = chance.randrange(1, 8), chance.randrange(6)
    acts: list[tuple[int, Any]] = [
        (8, lambda: world.submit(where, number, content, photo=chance.choice((None, 0, 1, 2)))),
        (4, lambda: world.edit(where, number, content)),
        (2, lambda: world.review(where, number, chance.choice(("approved", "rejected")))),
        (2, lambda: world.comment(where, number, "call them")),
        (2, lambda: world.settle(where, number)),
        (1, lambda: world.erase(where, number)),
        (3, lambda: world.register(where, number)),
        (3, lambda: world.update(where, number)),
        (8, lambda: world.decide(where, chance.choice(ACTS), number)),
        (1, lambda: world.erase_registration(where)),
        (1, lambda: world.share(chance.random() < 0.5)),
        (1, world.publish),
        (1, lambda: world.set_state(chance.choice(("open", "closing", "closed")))),
        (1, world.revoke),
        (2, lambda: world.scope(hub, chance.choice(sorted(SCOPES)))),
        (6, lambda: world.sync(hub, seed=chance.randrange(10_000))),
        (2, lambda: world.sync(hub, is_calm=True)),
        (2, lambda: world.make_bundle(hub, is_up=chance.random() < 0.5)),
        (3, lambda: world.take_bundle(hub, is_up=chance.random() < 0.5, which=chance.randrange(4))),
        (1, lambda: world.restart(where)),
        (1, lambda: world.save(hub)),
        (1, lambda: world.restore(hub)),
    ]
    chance.choices([act for _, act in acts], [weight for weight, _ in acts])[0]()
