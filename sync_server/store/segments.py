"""The warehouse's manifest: which files hold the rows of a form, and which of those rows still stand.

A segment is a set of submissions of one form, one immutable file per table. Its row here publishes it; an edit or a
removal only adds row numbers to `deleted`. Whoever reads takes the whole manifest of a form from one snapshot.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sync_server.core.ids import BlobId
from sync_server.core.page_order import Key, Range
from sync_server.core.table_layout import StoredLayout
from sync_server.errors import NotFound
from sync_server.store import changes, checkpoints
from sync_server.store.tables import warehouse_layouts, warehouse_places, warehouse_segments

CONSUMER = "warehouse"


@dataclass(frozen=True, slots=True)
class SegmentFile:
    blob_id: BlobId
    rows: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """`deleted` are numbers of submissions (rows of the root table), `live` the rows per table without theirs."""

    id: int
    project_id: int
    form_id: str
    layout_id: str
    newest: datetime
    newest_root: str
    oldest: datetime
    oldest_root: str
    submissions: int
    files: Mapping[str, SegmentFile]
    deleted: tuple[int, ...]
    live: Mapping[str, int]
    has_strangers: bool = False
    stale: str | None = None

    @property
    def first(self) -> Key:
        return self.newest, self.newest_root

    @property
    def last(self) -> Key:
        return self.oldest, self.oldest_root


Cluster = tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """All segments of a form as of change `seq`, newest first."""

    project_id: int
    form_id: str
    epoch: str
    seq: int
    segments: tuple[Segment, ...]

    def clusters(self) -> tuple[Cluster, ...]:
        """Segments whose ranges overlap stand together; page order is that of the clusters, newest first."""
        return tuple(tuple(cluster) for cluster in _clusters(self.segments))

    def ranges(self) -> list[Range]:
        """The newest and the oldest key of each cluster, newest first."""
        return [(cluster[0].first, min(segment.last for segment in cluster)) for cluster in self.clusters()]

    def live(self, table: str) -> int:
        """Number of rows of a table."""
        return sum(segment.live.get(table, 0) for segment in self.segments)

    @property
    def blobs(self) -> frozenset[BlobId]:
        return frozenset(file.blob_id for segment in self.segments for file in segment.files.values())


@dataclass(frozen=True, slots=True)
class Place:
    """Where a submission's rows are: the segment, the row of its root table, and the number of rows per table."""

    root_id: str
    segment_id: int
    row: int
    counts: Mapping[str, int]


def get_manifest(session: Session, project_id: int, form_id: str) -> Manifest:
    """Read the manifest of a form; one without segments is empty."""
    found = iter_segments(session, project_id, form_id)
    seq = checkpoints.get_checkpoint(session, CONSUMER)
    return Manifest(project_id, form_id, changes.epoch(session), seq, tuple(found))


def iter_segments(session: Session, project_id: int, form_id: str) -> list[Segment]:
    """List the segments of a form, newest first."""
    t = warehouse_segments.c
    query = select(warehouse_segments).where(t.project_id == project_id, t.form_id == form_id).order_by(t.id)
    return sorted((segment_of(row) for row in session.execute(query)), key=lambda s: (s.first, s.id), reverse=True)


def find_forms(session: Session, form_id: str | None = None) -> list[tuple[int, str]]:
    """List the forms that have segments, as (project, form)."""
    t = warehouse_segments.c
    query = select(t.project_id, t.form_id).distinct().order_by(t.project_id, t.form_id)
    if form_id is not None:
        query = query.where(t.form_id == form_id)
    return [(project_id, form_id) for project_id, form_id in session.execute(query)]


def find_segment(session: Session, segment_id: int) -> Segment | None:
    row = session.execute(select(warehouse_segments).where(warehouse_segments.c.id == segment_id)).first()
    return segment_of(row) if row else None


def find_stale(session: Session) -> list[Segment]:
    """List the segments that have to be made again."""
    t = warehouse_segments.c
    query = select(warehouse_segments).where(t.stale.is_not(None)).order_by(t.id)
    return [segment_of(row) for row in session.execute(query)]


def find_place(session: Session, project_id: int, form_id: str, root_id: str) -> Place | None:
    t = warehouse_places.c
    query = select(t.root_id, t.segment_id, t.row, t.counts)
    row = session.execute(query.where(t.project_id == project_id, t.form_id == form_id, t.root_id == root_id)).first()
    return Place(*row) if row else None


def get_layout(session: Session, layout_id: str) -> StoredLayout:
    """Return what the files of a segment contain; raise NotFound."""
    found = get_layouts(session, [layout_id])
    if layout_id not in found:
        raise NotFound
    return found[layout_id]


def get_layouts(session: Session, layout_ids: Sequence[str]) -> dict[str, StoredLayout]:
    t = warehouse_layouts.c
    rows = session.execute(select(t.id, t.body).where(t.id.in_(sorted(set(layout_ids)))))
    return {id: StoredLayout.from_json(body) for id, body in rows}


def segment_of(row: Any) -> Segment:
    """Make a segment of its row."""
    values = dict(row._mapping)
    values["files"] = {path: SegmentFile(BlobId(blob), n, size) for path, (blob, n, size) in values["files"].items()}
    values["deleted"] = unpack_rows(bytes(values["deleted"]))
    return Segment(**values)


def pack_rows(numbers: Sequence[int]) -> bytes:
    """Write row numbers in order, four bytes each."""
    packed = array("I", sorted(set(numbers)))
    return packed.tobytes()


def unpack_rows(packed: bytes) -> tuple[int, ...]:
    numbers = array("I")
    numbers.frombytes(packed)
    return tuple(numbers)


def _clusters(segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Group segments that overlap; they come newest first."""
    cluster: list[Segment] = []
    oldest: Key | None = None
    for segment in segments:
        if oldest is not None and segment.first < oldest:
            yield cluster
            cluster, oldest = [], None
        cluster.append(segment)
        oldest = segment.last if oldest is None else min(oldest, segment.last)
    if cluster:
        yield cluster
