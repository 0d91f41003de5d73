"""Keep the warehouse in order: make stale segments again, join small ones, delete files nobody needs any more.

Every step is safe to be broken off and to be done by two processes at once: files first, then one transaction that
does nothing when what it builds upon has changed meanwhile.
"""

import logging
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from sync_server.core.compaction import Size, choose
from sync_server.core.ids import BlobId
from sync_server.node import Node
from sync_server.services.build_warehouse import write_segments
from sync_server.services.form_definitions import find_layout
from sync_server.store import segment_writes, segments
from sync_server.store.instance_names import FormKey
from sync_server.store.segment_writes import WrittenSegment
from sync_server.store.segments import Segment
from sync_server.warehouse.compaction import compact_segments

log = logging.getLogger(__name__)

RETIRED_FOR = timedelta(hours=1)  # longer than any reader of another process, whose pins are not seen here, takes
ORPHANED_FOR = timedelta(days=1)  # longer than anything is under way to its manifest

Rest = Callable[[], None]


def no_rest() -> None:
    """Go on at once."""


def maintain(node: Node, *, rest: Rest = no_rest) -> None:
    """Do all that is due."""
    renew_stale(node, rest=rest)
    compact(node, rest=rest)
    sweep(node, now=datetime.now(UTC))


def renew_stale(node: Node, *, deadline: float = math.inf, rest: Rest = no_rest) -> bool:
    """Make every stale segment again from the submissions; False when time.perf_counter() reached `deadline` first."""
    with node.warehouse.turn(node.warehouse.renewing, deadline) as is_mine:
        if not is_mine:
            return False
        for blob_id in node.warehouse.take_damaged():  # which may also have been retired under a slow reader
            report_damage(node, blob_id)
        while (stale := _find_stale(node)) is not None:
            if time.perf_counter() > deadline:
                return False
            _renew(node, stale, rest)
    return True


def compact(node: Node, *, rest: Rest = no_rest) -> int:
    """Join segments until no join is due; return how many were made."""
    done = 0
    for form in _forms(node):
        while (inputs := _choose(node, form)) and _compact(node, inputs):
            done += 1
            rest()
    return done


def sweep(node: Node, *, now: datetime) -> int:
    """Delete files that were retired an hour ago, and files of a day ago that nothing names; return how many."""
    with node.database.read() as session:
        due = segment_writes.iter_retired(session, before=now - RETIRED_FOR)
    gone = [blob_id for blob_id in due if not node.warehouse.is_pinned(blob_id) and _delete(node, blob_id)]
    if gone:
        node.write(lambda session: segment_writes.forget_retired(session, gone))
    return len(gone) + _sweep_orphans(node, now)


def report_damage(node: Node, blob_id: BlobId) -> bool:
    """Have the segment of a damaged file made again; False when no segment has it any more."""
    is_in_use = node.write(lambda session: segment_writes.mark_damaged(session, blob_id))
    if is_in_use:
        log.error("damaged segment file=%s node=%s", blob_id, node.id)
    return is_in_use


def _find_stale(node: Node) -> Segment | None:
    with node.database.read() as session:
        return next(iter(segments.find_stale(session)), None)


def _renew(node: Node, stale: Segment, rest: Rest) -> None:
    form = (stale.project_id, stale.form_id)
    with node.database.read() as session:
        roots = [place.root_id for place in segment_writes.iter_places(session, [stale.id])]
        zone = ZoneInfo(node.settings.timezone)
        written = write_segments(session, node.warehouse, form, roots, zone=zone, rest=rest)
    _finish(node, written, lambda session, now: segment_writes.renew(session, stale, written, now=now))
    log.info("segment renewed form=%s submissions=%d reason=%s node=%s", form[1], len(roots), stale.stale, node.id)


def _forms(node: Node) -> list[FormKey]:
    with node.database.read() as session:
        return segments.find_forms(session)


def _choose(node: Node, form: FormKey) -> list[Segment]:
    with node.database.read() as session:
        manifest = segments.get_manifest(session, *form)
    by_id = {segment.id: segment for segment in manifest.segments}
    fit = [[s for s in cluster if s.stale is None] for cluster in manifest.clusters()]
    sizes = [[Size(s.id, s.live.get("", 0), len(s.deleted)) for s in cluster] for cluster in fit if cluster]
    return [by_id[id] for id in choose(sizes)]


def _compact(node: Node, inputs: list[Segment]) -> bool:
    form = (inputs[0].project_id, inputs[0].form_id)
    with node.database.read() as session:
        target = find_layout(session, *form).stored
        layouts = segments.get_layouts(session, [segment.layout_id for segment in inputs])
        places = segment_writes.iter_places(session, [segment.id for segment in inputs])
        current = [segments.find_segment(session, segment.id) for segment in inputs]
    if current != inputs:
        return True  # changed since it was chosen: choose again
    # Before it is taken over into another file, whose hash would then vouch for it.
    if damaged := node.warehouse.find_damaged(file.blob_id for s in inputs for file in s.files.values()):
        report_damage(node, damaged)
        return True
    written = compact_segments(node.warehouse, inputs, layouts, target, places)
    _finish(node, written, lambda session, now: segment_writes.replace_segments(session, inputs, written, now=now))
    return True


def _finish(node: Node, written: list[WrittenSegment], step: Callable[[Session, datetime], bool]) -> None:
    """Do the last step; when it came too late, the files were written for nothing."""

    def finish(session: Session) -> None:
        now = datetime.now(UTC)
        if not step(session, now):
            segment_writes.retire(session, (blob for segment in written for blob in segment.blobs), now)

    node.write(finish)


def _sweep_orphans(node: Node, now: datetime) -> int:
    old = (now - ORPHANED_FOR).timestamp()
    found = [blob.id for blob in node.warehouse.files.iter_stored() if blob.modified < old]
    if not found:
        return 0
    with node.database.read() as session:
        known = segment_writes.find_known(session)
    return sum(_delete(node, blob_id) for blob_id in found if blob_id not in known)


def _delete(node: Node, blob_id: BlobId) -> bool:
    """Delete a file; False when somebody has it open (Windows)."""
    try:
        node.warehouse.files.delete(blob_id)
    except PermissionError:
        return False
    return True
