"""How far a round is, as people are told."""

import pytest

from sync_server.replication.progress import Progress
from sync_server.services.peer_status import Movement


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told() -> list[Movement]:
    return []


@pytest.fixture
def progress(clock: Clock, told: list[Movement]) -> Progress:
    return Progress(told.append, clock=clock)


def test_it_is_told_at_most_once_a_second(progress: Progress, clock: Clock, told: list[Movement]) -> None:
    for _ in range(10):
        clock.now += 0.25
        progress.move_bytes(1000)
    assert [movement.bytes_done for movement in told] == [4000, 8000]


def test_records_of_both_directions_are_counted_together(progress: Progress) -> None:
    progress.expect_records("in", 100)
    progress.expect_records("out", 50)
    progress.move_records("in", 40, 60)
    assert (progress.movement().records_done, progress.movement().records_total) == (40, 150)


def test_what_is_left_after_another_greeting_takes_the_place_of_what_was(progress: Progress) -> None:
    progress.expect_records("in", 100)
    progress.move_records("in", 100, 0)
    progress.expect_records("in", 7)
    assert (progress.movement().records_done, progress.movement().records_total) == (100, 107)


def test_the_speed_is_that_of_the_last_seconds(progress: Progress, clock: Clock) -> None:
    for _ in range(60):
        clock.now += 1
        progress.move_bytes(1_000_000)
    for _ in range(20):
        clock.now += 1
        progress.move_bytes(1000)
    assert 900 <= progress.movement().bytes_per_second <= 1100


def test_the_time_left_is_that_of_the_lane_that_takes_longer(progress: Progress, clock: Clock) -> None:
    clock.now += 10
    progress.move_records("out", 100, 100)
    progress.expect_files("out", 100)
    progress.move_files("out", 10)
    assert progress.movement().seconds_left == pytest.approx(90)


def test_no_time_is_guessed_at_the_beginning(progress: Progress, clock: Clock) -> None:
    clock.now += 1
    progress.move_records("out", 1, 1000)
    assert progress.movement().seconds_left is None


def test_a_file_whose_answer_was_lost_counts_when_it_is_awaited_no_more(progress: Progress) -> None:
    progress.expect_files("out", 30)
    progress.move_files("out", 2)
    progress.expect_files("out", 27)
    assert (progress.movement().files_done, progress.movement().files_total) == (3, 30)
    progress.expect_files("out", 40)
    assert (progress.movement().files_done, progress.movement().files_total) == (3, 43)
