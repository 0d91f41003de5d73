"""Few segments are left whatever comes in, and a row is rewritten only a few times."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from sync_server.core.compaction import Size, choose
from sync_server.core.page_order import FULL, LARGEST, cut

Clusters = list[list[Size]]


def test_one_segment_is_left_alone() -> None:
    assert choose([[Size(1, 5)]]) == []
    assert choose([[Size(1, LARGEST)]]) == []


def test_eight_small_neighbours_are_joined() -> None:
    assert sorted(choose([[Size(n, 1)] for n in range(8)])) == list(range(8))
    assert choose([[Size(n, 1)] for n in range(7)]) == []


def test_neighbours_of_a_full_one_are_joined_without_it() -> None:
    small = [[Size(n, 3)] for n in range(9)]
    assert 99 not in choose([*small[:4], [Size(99, FULL)], *small[4:]])
    assert sorted(choose([[Size(99, FULL)], *small])) == list(range(9))


def test_a_base_of_which_a_quarter_is_elsewhere_is_joined_with_its_deltas() -> None:
    assert sorted(choose([[Size(1, 4000, 1000), Size(2, 1000)]])) == [1, 2]
    assert choose([[Size(1, 4000, 100), Size(2, 100)]]) == []


def test_deltas_that_pile_up_are_joined_without_their_base() -> None:
    deltas = [Size(n, 2) for n in range(2, 10)]
    assert sorted(choose([[Size(1, 4000, 16), *deltas]])) == list(range(2, 10))


def test_what_is_worn_out_is_written_anew() -> None:
    assert choose([[Size(1, 300, 200)]]) == [1]


def test_a_large_result_is_cut_at_the_full_size() -> None:
    assert cut(0) == []
    assert cut(LARGEST) == [LARGEST]
    assert cut(LARGEST + 1) == [FULL, FULL, 1]


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_every_row_is_rewritten_a_few_times_only(seed: int) -> None:
    """Slices of any size come in front, some far behind; each is joined as soon as it is due."""
    chance = random.Random(seed)
    clusters: Clusters = []
    written = joined = 0
    for number in range(200):
        size = chance.choice((1, 1, 5, 60, 300))
        place = 0 if chance.random() < 0.9 else chance.randrange(len(clusters) + 1)
        clusters.insert(place, [Size(number, size)])
        written += size
        while chosen := set(choose(clusters)):
            joined += sum(s.live for c in clusters for s in c if s.segment_id in chosen)
            clusters = _join(clusters, chosen, 1000 + joined)
    assert joined <= written * 7  # the worst of 3,000 was 6.4, the median 4.2
    assert len(clusters) <= 8 * 5 * (1 + written // FULL)


def _join(clusters: Clusters, chosen: set[int], number: int) -> Clusters:
    at = next(place for place, cluster in enumerate(clusters) if cluster[0].segment_id in chosen)
    total = sum(s.live for c in clusters for s in c if s.segment_id in chosen)
    left = [cluster for cluster in clusters if cluster[0].segment_id not in chosen]
    made = [[Size(number * 10_000 + n, count)] for n, count in enumerate(cut(total))]
    return [*left[:at], *made, *left[at:]]
