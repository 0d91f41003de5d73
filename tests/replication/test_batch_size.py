"""The size of a request follows the line."""

from sync_server.replication.batch_size import (
    AHEAD_FIRST,
    AHEAD_LARGEST,
    CAUTION,
    FIRST,
    LARGEST,
    SMALLEST,
    BatchSize,
    for_sending_ahead,
)


def test_a_size_doubles_up_to_the_largest_while_requests_succeed() -> None:
    sizes = BatchSize()
    seen = []
    for _ in range(4):
        seen.append(sizes.packed)
        sizes.succeeded()
    assert seen == [FIRST, 512_000, LARGEST, LARGEST]


def test_a_size_halves_down_to_the_smallest_while_the_line_breaks() -> None:
    sizes = BatchSize()
    for _ in range(9):
        sizes.broke()
    assert sizes.packed == SMALLEST


def test_a_batch_is_as_large_unpacked_as_the_ratio_seen_so_far_says() -> None:
    sizes = BatchSize()
    assert sizes.unpacked == 10 * FIRST
    sizes.succeeded(packed=100_000, unpacked=2_000_000)
    assert sizes.unpacked == 15 * sizes.packed


def test_a_batch_that_packs_to_nearly_nothing_does_not_make_the_next_enormous() -> None:
    sizes = BatchSize()
    sizes.succeeded(packed=10, unpacked=10_000_000)
    assert sizes.unpacked == 40 * sizes.packed


def test_a_size_that_broke_is_tried_again_only_after_some_successes() -> None:
    sizes = BatchSize()
    sizes.broke()
    seen = []
    for _ in range(CAUTION + 1):
        sizes.succeeded()
        seen.append(sizes.packed)
    assert seen == [FIRST // 2] * (CAUTION - 1) + [FIRST, 2 * FIRST]


def test_of_several_on_their_way_the_first_are_the_smallest() -> None:
    sizes = for_sending_ahead()
    seen = []
    for _ in range(4):
        seen.append(sizes.packed)
        sizes.sent()
    assert seen == [AHEAD_FIRST, 2 * AHEAD_FIRST, AHEAD_LARGEST, AHEAD_LARGEST]


def test_a_size_that_broke_does_not_grow_by_sending() -> None:
    sizes = for_sending_ahead()
    sizes.broke()
    sizes.sent()
    assert sizes.packed == SMALLEST
