"""Choose which segments of a form to write anew as one, so that few are left and no row is rewritten often.

Eight of a size make one of the next (below 8, 64, 512, 4,096 submissions), so a row is rewritten once for each size:
neighbours along the page order, and, within a cluster, the small ones beside its base. A base is written anew when a
quarter of the cluster is elsewhere or was deleted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby

from sync_server.core.page_order import FULL, LARGEST

TOGETHER = 8
SIZES = (8, 64, 512, FULL)
WORN = 0.25


@dataclass(frozen=True, slots=True)
class Size:
    """A segment: its submissions that stand, and those that were deleted in it."""

    segment_id: int
    live: int
    deleted: int = 0


def choose(clusters: Sequence[Sequence[Size]]) -> list[int]:
    """Return the ids of the segments to write anew together, [] when all is well; clusters come in page order."""
    return next(_choices(clusters), [])


def _choices(clusters: Sequence[Sequence[Size]]) -> Iterator[list[int]]:
    for cluster in clusters:
        yield from _within(cluster)
    for size in SIZES:
        yield from _neighbours(clusters, size)


def _within(cluster: Sequence[Size]) -> Iterator[list[int]]:
    base = max(cluster, key=lambda segment: (segment.live, segment.segment_id))
    total = sum(segment.live for segment in cluster)
    worn = total - base.live + sum(segment.deleted for segment in cluster)
    if worn >= WORN * (total + 1) and (worn >= TOGETHER or len(cluster) >= TOGETHER):
        yield [segment.segment_id for segment in cluster]
    for size in SIZES:
        small = [segment.segment_id for segment in cluster if segment.live < size and segment is not base]
        if len(small) >= TOGETHER:
            yield small


def _neighbours(clusters: Sequence[Sequence[Size]], size: int) -> Iterator[list[int]]:
    """Runs of clusters below a size, from the oldest on, because the newest still grow."""
    for is_small, run in groupby(reversed(clusters), key=lambda cluster: _live(cluster) < size):
        taken = list(run)
        if is_small and len(taken) >= TOGETHER:
            yield [segment.segment_id for cluster in _fitting(taken) for segment in cluster]


def _fitting(run: Sequence[Sequence[Size]]) -> list[Sequence[Size]]:
    """As many of a run as one segment takes; two always do."""
    totals = accumulate(_live(cluster) for cluster in run)
    return [cluster for cluster, total in zip(run, totals, strict=True) if total <= LARGEST]


def _live(cluster: Sequence[Size]) -> int:
    return sum(segment.live for segment in cluster)
