"""New rows are grouped so that no segment reaches over two clusters."""

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sync_server.core.page_order import Key, Range, group_by_cluster

NOON = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def key(minute: int) -> Key:
    return NOON + timedelta(minutes=minute), f"uuid:{minute}"


CLUSTERS: list[Range] = [(key(90), key(80)), (key(50), key(40))]


def test_rows_of_one_cluster_or_one_gap_stand_together() -> None:
    keys = [key(n) for n in (95, 85, 81, 70, 60, 50, 45, 40, 10)]
    groups = group_by_cluster(keys, CLUSTERS)
    assert groups == [
        [key(95)],
        [key(85), key(81)],
        [key(70), key(60)],
        [key(50), key(45), key(40)],
        [key(10)],
    ]


def test_without_clusters_all_stand_together_newest_first() -> None:
    assert group_by_cluster([key(1), key(3), key(2)], []) == [[key(3), key(2), key(1)]]


@given(st.integers(0, 2**32 - 1))
def test_no_group_reaches_over_a_cluster(seed: int) -> None:
    chance = random.Random(seed)
    edges = sorted(chance.sample(range(1000), 20))
    clusters = [(key(last), key(first)) for first, last in zip(edges[::2], edges[1::2], strict=True)][::-1]
    keys = [key(n) for n in chance.sample(range(1000), 50)]
    groups = group_by_cluster(keys, clusters)
    assert sorted(k for group in groups for k in group) == sorted(keys)
    for group in groups:
        assert group == sorted(group, reverse=True)
        overlapping = [c for c in clusters if c[1] <= group[0] and c[0] >= group[-1]]
        assert all(c[1] <= group[-1] and group[0] <= c[0] for c in overlapping)
