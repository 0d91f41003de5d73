"""Whatever happens, by stick alone or by stick and line: in the end hubs and centre hold and show the same."""

import os
import random
from pathlib import Path

import pytest

from tests.replication.test_state_machine import walk
from tests.support.postgresql import PostgresqlServer
from tests.support.replica_world import World


def _seed() -> int:
    seed = int(os.environ.get("WALK_SEED", "0")) or random.SystemRandom().randrange(10**9)
    print(f"seed {seed} (WALK_SEED={seed} goes the same way again)")
    return seed


@pytest.mark.parametrize("by_stick", [True, False], ids=["bundles only", "bundles and rounds"])
def test_all_nodes_come_to_the_same_by_stick(tmp_path: Path, by_stick: bool) -> None:
    walk(World(tmp_path, by_stick=by_stick), random.Random(_seed()), steps=25)


@pytest.mark.long
@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
@pytest.mark.parametrize("by_stick", [True, False], ids=["bundles only", "bundles and rounds"])
def test_all_nodes_come_to_the_same_by_stick_over_two_thousand_steps(
    tmp_path: Path, by_stick: bool, database: str, postgresql: PostgresqlServer
) -> None:
    seed = _seed()
    for number in range(20):
        url = postgresql.new_database() if database == "PostgreSQL" else ""
        print(f"seed {seed + number}")
        walk(World(tmp_path / str(number), url, by_stick=by_stick), random.Random(seed + number), steps=100)
        if url:
            postgresql.drop_database(url)
