"""The warehouse shows what a naive fold over the raw XML shows, whatever happened to a form and in whatever order.

Forms of every question type with nested repeats and up to ten versions, edits, variants, held and sealed submissions;
the consumers, compaction, renewal and rebuild come in between at random. A failure is repeated by its seed.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_server.node import Node
from sync_server.services import consumers, maintain_warehouse
from sync_server.services.verify_node import verify_node
from sync_server.settings import Settings
from tests.support.naive_fold import NaiveSubmission
from tests.support.naive_node import Expected, expected_submissions
from tests.support.naive_types import typed_value
from tests.support.new_folder import new_folder
from tests.support.postgresql import PostgresqlServer
from tests.support.random_life import RandomLife
from tests.support.warehouse_rows import UNPLACED, Row, Shown, answers, shown_submissions, typed

STEPS = 30
seeds = st.integers(0, 2**32 - 1)
alike = settings(
    deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
_forms = iter(range(10**9))


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """One hub for all examples, each with a form of its own: opening one costs more than an example."""
    with Node.open(Settings(data=tmp_path_factory.mktemp("oracle") / "hub", min_free_bytes=0)) as node:
        yield node


@pytest.fixture(scope="module")
def lived_in_centre(tmp_path_factory: pytest.TempPathFactory, postgresql: PostgresqlServer) -> Iterator[Node]:
    data, url = tmp_path_factory.mktemp("oracle") / "centre", postgresql.new_database_in_english()
    with Node.open(Settings(data=data, database_url=url, min_free_bytes=0)) as node:
        yield node


@settings(alike, max_examples=8)
@given(seeds)
def test_the_warehouse_equals_a_naive_fold(lived_in: Node, seed: int) -> None:
    live_and_compare(lived_in, seed)


@pytest.mark.long
@settings(alike, max_examples=1000)
@given(seeds)
def test_the_warehouse_equals_a_naive_fold_a_thousand_times(lived_in: Node, seed: int) -> None:
    live_and_compare(lived_in, seed, steps=STEPS * 2)


@settings(alike, max_examples=2)
@given(seeds)
def test_the_warehouse_of_a_centre_equals_a_naive_fold(lived_in_centre: Node, seed: int) -> None:
    live_and_compare(lived_in_centre, seed)


def live_and_compare(node: Node, seed: int, *, steps: int = STEPS) -> str:
    """Let a form live, the warehouse following it in its own time; compare now and then, and at the end."""
    print(f"seed {seed}")
    chance = random.Random(seed)
    form_id = f"f{next(_forms)}"
    life = RandomLife(node, form_id, seed)
    for _ in range(steps):
        life.step()
        follow(node, chance)
        if chance.random() < 0.05:
            compare(node, form_id)
    compare(node, form_id)
    maintain(node)
    compare(node, form_id)
    return form_id


def follow(node: Node, chance: random.Random) -> None:
    """Do some of the background's work, or none."""
    happens = chance.random()
    if happens < 0.15:
        consumers.catch_up(node)
    elif happens < 0.3:
        for runner in consumers.make_runners(node):
            runner.run_slice()
    elif happens < 0.35:
        maintain(node)
    elif happens < 0.36:
        consumers.rebuild(node)


def maintain(node: Node) -> None:
    """Renew, compact and sweep as if two hours had passed."""
    maintain_warehouse.renew_stale(node)
    maintain_warehouse.compact(node)
    maintain_warehouse.sweep(node, now=datetime.now(UTC) + timedelta(hours=2))


def compare(node: Node, form_id: str) -> None:
    """Every row of every table, every answer without a column, and what the server knows of each submission."""
    consumers.catch_up(node)
    with node.database.read() as session:
        _, expected = expected_submissions(session, form_id)
    shown = shown_submissions(node, form_id)
    assert [(one.received, one.key) for one in shown] == [one.place for one in expected]
    for one, wanted in zip(shown, expected, strict=True):
        compare_submission(one, wanted)


def compare_submission(shown: Shown, expected: Expected) -> None:
    assert {name: shown.meta[name] for name in expected.meta} == expected.meta
    rows: NaiveSubmission = expected.rows
    unplaced = [(row["_path"], row["_value"]) for row in shown.tables.get(UNPLACED, [])]
    assert sorted(unplaced) == sorted(rows.unplaced)
    tables = {table: found for table, found in shown.tables.items() if found and not table.startswith("#")}
    assert tables.keys() == {table for table, wanted in rows.tables.items() if wanted}
    for table, found in tables.items():
        wanted = rows.tables[table]
        assert [answers(row) for row in found] == [row.answers for row in wanted], table
        if table:
            assert [(row["_parent"], row["_key"]) for row in found] == [(row.parent, row.key) for row in wanted]
        for row in found:
            assert all(value == typed_value(kind, text) for kind, text, value in typed(row)), row


def test_rebuilding_makes_the_same_rows(tmp_path: Path) -> None:
    with Node.open(Settings(data=new_folder(tmp_path / "hub"), min_free_bytes=0)) as node:
        form_id = live_and_compare(node, 1)
        before = without_places(shown_submissions(node, form_id))
        assert list(verify_node(node)) == []
        consumers.rebuild(node)
        assert without_places(shown_submissions(node, form_id)) == before
        assert list(verify_node(node)) == []


def without_places(shown: list[Shown]) -> list[Shown]:
    """Where a row lies, and which columns without an answer its file has, is the warehouse's own affair."""
    for one in shown:
        one.meta.pop("_row")
        one.tables = {table: [_said(row) for row in rows] for table, rows in one.tables.items() if rows}
    return shown


def _said(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None and "#" not in name and name != "_row"}
