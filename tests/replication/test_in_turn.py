"""A batch that is early waits for its turn: not too long, not too many, and only where a turn may come."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sync_server.core.replication_batch import Batch
from sync_server.peer_errors import CursorElsewhere
from sync_server.replication import in_turn
from tests.support.liar import Liar
from tests.support.paired_nodes import open_node, pair
from tests.support.samples import publish_visit


@pytest.fixture
def liar(tmp_path: Path) -> Iterator[Liar]:
    with open_node(tmp_path / "hub") as hub, open_node(tmp_path / "centre") as centre:
        publish_visit(centre)
        pair(hub, centre)
        yield Liar(hub, centre)


def batches(liar: Liar, count: int) -> list[Batch]:
    """Batches without items that follow each other, from where the centre stands."""
    liar.offer()
    scope_hash = liar.end.meet(liar.greet()).scope_hash
    first = Batch(epoch=liar.epoch, scope_hash=scope_hash, since=1, until=2, head=99, items=())
    return [replace(first, since=1 + n, until=2 + n) for n in range(count)]


def test_batches_that_arrive_backwards_are_taken_in_the_order_of_the_feed(liar: Liar) -> None:
    sent = batches(liar, 4)
    with ThreadPoolExecutor(4) as lanes:
        answers = list(lanes.map(liar.end.take_in_turn, reversed(sent)))
    assert [answer.seq for answer in answers] == [batch.until for batch in reversed(sent)]


def test_no_more_than_a_few_wait(liar: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_turn, "MOST_OF_ONE", 0)
    with pytest.raises(CursorElsewhere):
        liar.end.take_in_turn(batches(liar, 2)[1])


def test_what_is_too_large_to_be_kept_does_not_wait(liar: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_turn, "MOST_BYTES", -1)
    with pytest.raises(CursorElsewhere):
        liar.end.take_in_turn(batches(liar, 2)[1])


def test_a_turn_that_never_comes_is_not_waited_for_without_end(liar: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_turn, "LONGEST_SECONDS", 0.2)
    with pytest.raises(CursorElsewhere):
        liar.end.take_in_turn(batches(liar, 2)[1])
    assert in_turn._waiting.total() == 0

