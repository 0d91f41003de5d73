"""Put submissions where they belong among the clusters of a form, so that no segment reaches over two of them."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime

Key = tuple[datetime, str]
"""Where a submission stands in page order, which is descending: when it first came, and its root."""

Range = tuple[Key, Key]
"""The newest and the oldest key of a cluster."""

FULL = 4096  # submissions in a segment that is not made larger
LARGEST = 2 * FULL  # and in one that is not split, so that a few more do not make a small one beside a full one


def group_by_cluster(keys: Sequence[Key], clusters: Sequence[Range]) -> list[list[Key]]:
    """Group keys, newest first: those within one cluster together, those in one gap between clusters together."""
    oldest_first = list(reversed(clusters))
    firsts = [first for first, _last in oldest_first]
    groups: dict[tuple[int, bool], list[Key]] = {}
    for key in sorted(keys, reverse=True):
        number = bisect_left(firsts, key)  # of the oldest cluster that does not end before this key
        is_within = number < len(firsts) and oldest_first[number][1] <= key
        groups.setdefault((number, is_within), []).append(key)
    return list(groups.values())


def cut(count: int) -> list[int]:
    """Cut so many submissions into the sizes of segments."""
    if count <= LARGEST:
        return [count] if count else []
    whole, rest = divmod(count, FULL)
    return [FULL] * whole + ([rest] if rest else [])
