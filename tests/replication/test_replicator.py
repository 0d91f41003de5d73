"""What one end has comes to the other, however the line breaks."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_server.core.replication_batch import Batch
from sync_server.peer_errors import BatchUnreadable, CursorElsewhere, PeerAway
from sync_server.replication.batch_size import FIRST, BatchSize
from sync_server.replication.peer import Limits, Taken
from sync_server.replication.replicator import Outcome, Step, replicate
from sync_server.replication.window import LANES
from tests.support.fake_end import LOST_ANSWER, LOST_QUESTION, OK, TWICE, FakeEnd

TEN = [f"n{number}" for number in range(10)]
WORDS = st.lists(st.sampled_from([OK, LOST_QUESTION, LOST_ANSWER, TWICE]), max_size=12)


def all_of(end: FakeEnd) -> set[str]:
    return {f"node:{name}" for name in end.feed}


def test_a_target_that_knows_the_feed_gets_what_is_new_without_being_asked() -> None:
    source, target = FakeEnd(feed=TEN), FakeEnd(cursor=4)
    assert replicate(source, target, since=4, sizes=BatchSize()) == Outcome(10, is_quiet=True)
    assert target.held == {f"node:{name}" for name in TEN[4:]}
    assert set(target.asked) == {"take"}


def test_a_target_that_never_took_of_this_feed_is_asked_and_gets_only_what_it_lacks() -> None:
    source, target = FakeEnd(feed=TEN), FakeEnd(held={f"node:{name}" for name in TEN[:8]})
    assert replicate(source, target, since=None, sizes=BatchSize()).is_quiet
    assert target.held == all_of(source)
    assert [items for _, items in target.sent] == [(), (), ("node:n8",), ("node:n9",)]
    assert target.cursor == 10


def test_asking_ends_at_the_head_of_the_beginning() -> None:
    """What happens meanwhile nobody can have yet."""
    source, target = FakeEnd(feed=list(TEN)), FakeEnd()

    def grow(step: Step) -> None:
        if step.seq == 9:
            source.add(["late1", "late2", "late3"])

    replicate(source, target, since=None, sizes=BatchSize(), progress=grow)
    assert target.held == all_of(source)
    assert target.asked[-1] == "take"
    assert target.asked.count("lacking") == 4


def test_asking_that_broke_off_goes_on_asking() -> None:
    source, target = FakeEnd(feed=TEN), FakeEnd(cursor=3, held={f"node:{name}" for name in TEN})
    replicate(source, target, since=3, ask_until=10, sizes=BatchSize())
    assert [items for _, items in target.sent] == [(), (), ()]


def test_a_source_with_nothing_new_sends_nothing_but_how_far_that_holds() -> None:
    source, target = FakeEnd(feed=TEN), FakeEnd(cursor=10)
    assert replicate(source, target, since=10, sizes=BatchSize()) == Outcome(10, is_quiet=True)
    assert target.sent == [(10, ())]


def test_a_target_that_stands_elsewhere_is_sent_to_from_there() -> None:
    source, target = FakeEnd(feed=TEN), FakeEnd(cursor=2)
    replicate(source, target, since=7, sizes=BatchSize())
    assert [since for since, _ in target.sent] == [7, 2, 5, 8]


def test_a_target_of_another_feed_ends_it() -> None:
    class Elsewhere(FakeEnd):
        def take(self, batch: Batch) -> object:  # type: ignore[override]
            raise CursorElsewhere(epoch="e2", seq=0)

    with pytest.raises(CursorElsewhere):
        replicate(FakeEnd(feed=TEN), Elsewhere(), since=3, sizes=BatchSize())


def test_a_target_that_never_settles_ends_it() -> None:
    class Restless(FakeEnd):
        def take(self, batch: Batch) -> object:  # type: ignore[override]
            raise CursorElsewhere(epoch=batch.epoch, seq=(batch.since + 1) % 10)

    with pytest.raises(CursorElsewhere):
        replicate(FakeEnd(feed=TEN), Restless(), since=3, sizes=BatchSize())


def test_a_source_that_leads_nowhere_ends_it() -> None:
    class Standing(FakeEnd):
        def _batch(self, since: int) -> Batch:
            return Batch(epoch="e1", scope_hash="s1", since=since, until=since, head=10, items=())

    with pytest.raises(BatchUnreadable):
        replicate(Standing(), FakeEnd(), since=0, sizes=BatchSize())


def test_a_break_halves_the_size() -> None:
    sizes = BatchSize()
    source, target = FakeEnd(feed=TEN), FakeEnd(cursor=0, line=[LOST_QUESTION])
    with pytest.raises(PeerAway):
        replicate(source, target, since=0, sizes=sizes)
    assert sizes.packed == FIRST // 2


def test_a_batch_is_asked_for_in_bytes_before_packing() -> None:
    asked: list[Limits] = []

    class Asked(FakeEnd):
        def read_changes(self, since: int, limits: Limits) -> Batch:
            asked.append(limits)
            return super().read_changes(since, limits)

    replicate(Asked(feed=TEN), FakeEnd(cursor=9), since=9, sizes=BatchSize())
    assert [limits.bytes for limits in asked] == [10 * FIRST]


def test_whoever_stops_it_gets_what_is_stored_so_far() -> None:
    source, target = FakeEnd(feed=TEN), FakeEnd(cursor=0)
    steps: list[Step] = []
    outcome = replicate(
        source, target, since=0, sizes=BatchSize(), progress=steps.append, stop=lambda: len(steps) >= 2
    )
    assert target.cursor is not None
    assert outcome == Outcome(target.cursor, is_quiet=False)
    assert 6 <= target.cursor < 10, "what was on its way is waited for, and no more is sent"


class Meeting(FakeEnd):
    """Takes the first batch only when so many have arrived."""

    arrived: threading.Barrier

    def take_in_turn(self, batch: Batch) -> Taken:
        if batch.since < 3 * self.arrived.parties:
            self.arrived.wait(timeout=20)
        return super().take_in_turn(batch)


def test_the_next_batches_are_sent_while_the_first_is_worked_in() -> None:
    source, target = FakeEnd(feed=TEN), Meeting(cursor=0)
    target.arrived = threading.Barrier(LANES)
    assert replicate(source, target, since=0, sizes=BatchSize(), beside=lambda: target).is_quiet
    assert target.held == all_of(source)


def test_a_lane_that_breaks_while_others_hold_costs_one_batch_and_no_greeting() -> None:
    source, target, told = FakeEnd(feed=TEN), FakeEnd(cursor=0, line=[LOST_QUESTION]), []
    assert replicate(source, target, since=0, sizes=BatchSize(), beside=lambda: target, broke=told.append).is_quiet
    assert sorted(since for since, _ in target.sent) == [0, 0, 3, 6, 9]
    assert len(told) == 1


@given(
    names=st.lists(st.integers(0, 30).map("n{}".format), max_size=25),
    held=st.sets(st.integers(0, 30).map("node:n{}".format)),
    source_line=WORDS,
    target_line=WORDS,
    is_known=st.booleans(),
    is_wide=st.booleans(),
)
def test_whatever_breaks_all_arrives_and_a_break_repeats_one_batch_at_most(
    names: list[str], held: set[str], source_line: list[str], target_line: list[str], is_known: bool, is_wide: bool
) -> None:
    source = FakeEnd(feed=names, line=[] if is_wide else list(source_line))  # with several lanes it is the near one
    target = FakeEnd(held=set(held), line=list(target_line), cursor=0 if is_known else None)
    asks, outcome = None if is_known else len(names), None
    breaks: list[PeerAway] = []
    while outcome is None or not outcome.is_quiet:
        try:
            outcome = replicate(
                source, target, since=target.cursor, ask_until=asks, sizes=BatchSize(),
                beside=(lambda: target) if is_wide else None, broke=breaks.append,
            )  # fmt: skip
        except PeerAway as problem:
            breaks.append(problem)
    assert target.held == all_of(source) | held
    assert target.cursor == len(names)
    needed = max(-(-len(names) // source.items_a_batch), 1)
    assert len(target.sent) <= needed + len(breaks)
    assert len(breaks) <= len(source_line) + len(target_line)
