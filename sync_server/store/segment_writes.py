"""Publish, replace and retire segments: each call is one step from a whole manifest to the next.

All of them take a lock first, so that on PostgreSQL too they come one after the other. A file of a segment that goes
is not deleted here: somebody may be reading it. It is noted as retired.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, inspect, select, update
from sqlalchemy.orm import Session

from sync_server.core.ids import BlobId
from sync_server.core.page_order import Key
from sync_server.core.table_layout import StoredLayout
from sync_server.store.engine import insert_for, lock_warehouse
from sync_server.store.segments import CONSUMER, Place, Segment, SegmentFile, pack_rows, segment_of
from sync_server.store.tables import (
    checkpoints,
    warehouse_layouts,
    warehouse_places,
    warehouse_retired,
    warehouse_segments,
)

PARAMETERS = 500
DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class WrittenSegment:
    """A segment whose files are durable and which no manifest names yet; `counts` by row: (root, rows per table)."""

    layout: StoredLayout
    first: Key
    last: Key
    files: Mapping[str, SegmentFile]
    counts: Sequence[tuple[str, Mapping[str, int]]]
    has_strangers: bool

    @property
    def blobs(self) -> list[BlobId]:
        return [file.blob_id for file in self.files.values()]


def publish(
    session: Session,
    form: tuple[int, str],
    written: Sequence[WrittenSegment],
    *,
    touched: Collection[str],
    now: datetime,
) -> None:
    """Show these rows in place of all rows of the touched submissions, wherever those lie by now."""
    lock_warehouse(session)
    roots = {root for segment in written for root, _counts in segment.counts}
    _remove_rows(session, form, roots.union(touched), now)
    for segment in written:
        _add(session, form, segment, segment.counts)


def replace_segments(
    session: Session, inputs: Sequence[Segment], written: Sequence[WrittenSegment], *, now: datetime
) -> bool:
    """Show the same rows in other segments; False, and nothing is done, when an input has changed meanwhile."""
    lock_warehouse(session)
    if _find(session, [segment.id for segment in inputs]) != {segment.id: segment for segment in inputs}:
        return False
    _remove(session, inputs, now)
    for segment in written:
        _add(session, (inputs[0].project_id, inputs[0].form_id), segment, segment.counts)
    return True


def renew(session: Session, old: Segment, written: Sequence[WrittenSegment], *, now: datetime) -> bool:
    """Show newly made rows in place of a stale segment's; False when that went, or became stale anew, meanwhile.

    What has moved to another segment since the rows were made stays there: it is newer.
    """
    lock_warehouse(session)
    found = _find(session, [old.id]).get(old.id)
    if found is None or (found.files, found.stale) != (old.files, old.stale):
        return False
    still_there = {place.root_id for place in iter_places(session, [old.id])}
    _remove(session, [old], now)
    for segment in written:
        live = [(root, counts) for root, counts in segment.counts if root in still_there]
        if live:
            _add(session, (old.project_id, old.form_id), segment, live)
        else:
            retire(session, segment.blobs, now)
    return True


def mark_stale(session: Session, segment_ids: Iterable[int], reason: str) -> None:
    """Have segments made again."""
    t = warehouse_segments.c
    for part in _parts(sorted(segment_ids)):
        session.execute(update(warehouse_segments).where(t.id.in_(part)).values(stale=reason))


def mark_damaged(session: Session, blob_id: BlobId) -> bool:
    """Have the segment that this file belongs to made again; False when none does any more."""
    lock_warehouse(session)
    t = warehouse_segments.c
    rows = session.execute(select(t.id, t.files)).all()
    damaged = [row.id for row in rows if any(blob == blob_id for blob, *_ in row.files.values())]
    mark_stale(session, damaged, DAMAGED)
    return bool(damaged)


def iter_places(session: Session, segment_ids: Sequence[int]) -> list[Place]:
    """List the submissions of segments that still stand there, by segment and row."""
    t = warehouse_places.c
    query = select(t.root_id, t.segment_id, t.row, t.counts).where(t.segment_id.in_(segment_ids))
    return [Place(*row) for row in session.execute(query.order_by(t.segment_id, t.row))]


def retire(session: Session, blobs: Iterable[BlobId], now: datetime) -> None:
    """Note files that no manifest names any more, to be deleted later."""
    rows = [{"blob_id": blob, "retired_at": now} for blob in blobs]
    if rows:
        session.execute(insert_for(session)(warehouse_retired).on_conflict_do_nothing(), rows)


def retire_all(session: Session, now: datetime) -> None:
    """Retire every file there is: the manifest is about to be forgotten."""
    lock_warehouse(session)
    for (files,) in session.execute(select(warehouse_segments.c.files)).all():
        retire(session, [BlobId(blob) for blob, *_ in files.values()], now)


def iter_retired(session: Session, before: datetime) -> list[BlobId]:
    t = warehouse_retired.c
    query = select(t.blob_id).where(t.retired_at < before).order_by(t.retired_at, t.blob_id)
    return [BlobId(blob) for blob in session.scalars(query)]


def find_known(session: Session) -> set[BlobId]:
    """Every file that a segment or a retirement names."""
    known = {BlobId(blob) for blob in session.scalars(select(warehouse_retired.c.blob_id))}
    for files in session.scalars(select(warehouse_segments.c.files)):
        known.update(BlobId(blob) for blob, *_ in files.values())
    return known


def forget_retired(session: Session, blobs: Sequence[BlobId]) -> None:
    for part in _parts(blobs):
        session.execute(delete(warehouse_retired).where(warehouse_retired.c.blob_id.in_(part)))


def forget_manifest(session: Session) -> None:
    """Forget every segment, without a thought for its files: they did not come along. It is built from the start."""
    if not inspect(session.connection()).has_table(warehouse_segments.name):  # from before there was a warehouse
        return
    for table in (warehouse_places, warehouse_segments, warehouse_layouts, warehouse_retired):
        session.execute(delete(table))
    session.execute(delete(checkpoints).where(checkpoints.c.consumer == CONSUMER))


def _remove_rows(session: Session, form: tuple[int, str], roots: Collection[str], now: datetime) -> None:
    """Add the rows of these submissions to their segments' delete vectors; a segment without live rows goes."""
    by_segment: dict[int, list[Place]] = {}
    for place in _take_places(session, form, sorted(roots)):
        by_segment.setdefault(place.segment_id, []).append(place)
    for id, segment in sorted(_find(session, sorted(by_segment)).items()):
        changed = _without(segment, by_segment[id])
        if changed.live.get("", 0) <= 0:
            _remove(session, [segment], now)
        else:
            values = {"deleted": pack_rows(changed.deleted), "live": dict(changed.live)}
            session.execute(update(warehouse_segments).where(warehouse_segments.c.id == id).values(values))


def _without(segment: Segment, places: Sequence[Place]) -> Segment:
    live = dict(segment.live)
    for place in places:
        for table, count in place.counts.items():
            live[table] -= count
    return replace(segment, deleted=(*segment.deleted, *(place.row for place in places)), live=live)


def _take_places(session: Session, form: tuple[int, str], roots: Sequence[str]) -> Iterator[Place]:
    t = warehouse_places.c
    for part in _parts(roots):
        mine = (t.project_id == form[0], t.form_id == form[1], t.root_id.in_(part))
        yield from [
            Place(*row) for row in session.execute(select(t.root_id, t.segment_id, t.row, t.counts).where(*mine))
        ]
        session.execute(delete(warehouse_places).where(*mine))


def _find(session: Session, ids: Sequence[int]) -> dict[int, Segment]:
    found: dict[int, Segment] = {}
    for part in _parts(ids):
        query = select(warehouse_segments).where(warehouse_segments.c.id.in_(part))
        found.update((row.id, segment_of(row)) for row in session.execute(query))
    return found


def _remove(session: Session, segments: Sequence[Segment], now: datetime) -> None:
    for part in _parts([segment.id for segment in segments]):
        session.execute(delete(warehouse_places).where(warehouse_places.c.segment_id.in_(part)))
        session.execute(delete(warehouse_segments).where(warehouse_segments.c.id.in_(part)))
    retire(session, (file.blob_id for segment in segments for file in segment.files.values()), now)


def _add(
    session: Session,
    form: tuple[int, str],
    written: WrittenSegment,
    live: Sequence[tuple[str, Mapping[str, int]]],
) -> None:
    """Insert a segment of which only these submissions stand; counts come with the row of each."""
    layout = {"id": written.layout.id, "body": written.layout.to_json()}
    session.execute(insert_for(session)(warehouse_layouts).values(layout).on_conflict_do_nothing())
    roots = {root for root, _counts in live}
    deleted = [row for row, (root, _counts) in enumerate(written.counts) if root not in roots]
    values = {**_row(form, written), "deleted": pack_rows(deleted), "live": _sum(counts for _root, counts in live)}
    added = insert(warehouse_segments).values(values).returning(warehouse_segments.c.id)
    id = session.execute(added).scalar_one()
    places = [
        {"project_id": form[0], "form_id": form[1], "root_id": root, "segment_id": id, "row": row, "counts": counts}
        for row, (root, counts) in enumerate(written.counts)
        if root in roots
    ]
    session.execute(insert(warehouse_places), places)


def _row(form: tuple[int, str], written: WrittenSegment) -> dict[str, Any]:
    (newest, newest_root), (oldest, oldest_root) = written.first, written.last
    return {
        "project_id": form[0],
        "form_id": form[1],
        "layout_id": written.layout.id,
        "newest": newest,
        "newest_root": newest_root,
        "oldest": oldest,
        "oldest_root": oldest_root,
        "submissions": len(written.counts),
        "files": {path: [file.blob_id, file.rows, file.size] for path, file in written.files.items()},
        "has_strangers": written.has_strangers,
    }


def _sum(all_counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    live: dict[str, int] = {}
    for counts in all_counts:
        for table, count in counts.items():
            live[table] = live.get(table, 0) + count
    return live


def _parts(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + PARAMETERS] for start in range(0, len(values), PARAMETERS))
