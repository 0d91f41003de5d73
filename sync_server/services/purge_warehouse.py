"""Take erased submissions out of the warehouse's files at once: also rows that a delete vector only hides.

Every segment that has such a row is made again from what is left, and what is retired is deleted without the hour that
readers otherwise have. Readers of this process are waited for; one of another finds a file gone, and asks again.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from sync_server.core.ids import BlobId
from sync_server.node import Node
from sync_server.services import maintain_warehouse
from sync_server.store import segment_writes, segments, submission_reads
from sync_server.store.segments import Segment
from sync_server.warehouse.warehouse import Warehouse

ERASED = "erased"
PATIENCE_SECONDS = 30.0  # for readers of this process, and for rows on their way into the manifest
LOOK_SECONDS = 0.1
LOST_AFTER = timedelta(hours=1)  # longer than any file is on its way to the manifest
ROOT_TABLE = ""


class StillInUse(Exception):
    """A file is being read, or may still be on its way; it goes at the next try."""


def purge(node: Node, project_id: int, form_id: str, root_ids: Sequence[str]) -> None:
    """Leave no row of these submissions, as they were, in any file; the consumers must have caught up.

    Raises StillInUse when files had to stay for now.
    """
    form, erased_at = (project_id, form_id), datetime.now(UTC)
    with node.database.read() as session:
        manifest = segments.get_manifest(session, *form)
    holding = [segment.id for segment in manifest.segments if _holds(node.warehouse, segment, root_ids)]
    node.write(lambda session: _make_again(session, form, root_ids, holding))
    maintain_warehouse.renew_stale(node)
    _wait_for(lambda: _delete_retired(node) and _delete_lost(node, erased_at))


def _make_again(session: Session, form: tuple[int, str], root_ids: Sequence[str], holding: Sequence[int]) -> None:
    """Have these segments made again, without rows of submissions that are no more."""
    left = {root_id for root_id, _place in ((r, segments.find_place(session, *form, r)) for r in root_ids) if _place}
    gone = left - {root for _received, root in submission_reads.find_keys(session, *form, left)}
    segment_writes.publish(session, form, [], touched=gone, now=datetime.now(UTC))
    segment_writes.mark_stale(session, holding, ERASED)


def _holds(warehouse: Warehouse, segment: Segment, root_ids: Sequence[str]) -> bool:
    """Whether a segment's root table has one of these submissions; one that cannot be read is taken to have it."""
    file = segment.files.get(ROOT_TABLE)
    if file is None:
        return False
    try:
        with warehouse.cursor() as cursor:
            query = "SELECT count(*) FROM read_parquet(?) WHERE list_contains(?, _root)"
            row = cursor.execute(query, [str(warehouse.path(file.blob_id)), list(root_ids)]).fetchone()
    except Exception:  # noqa: BLE001 damaged or gone: it is made again in any case
        return True
    return row is None or bool(row[0])


def _delete_retired(node: Node) -> bool:
    with node.database.read() as session:
        retired = segment_writes.iter_retired(session, before=datetime.now(UTC) + LOST_AFTER)
    gone = [blob_id for blob_id in retired if not node.warehouse.is_pinned(blob_id) and _delete(node, blob_id)]
    if gone:
        node.write(lambda session: segment_writes.forget_retired(session, gone))
    return len(gone) == len(retired)


def _delete_lost(node: Node, erased_at: datetime) -> bool:
    """Delete files that no manifest names: a process died, or came too late. A young one may be on its way yet."""
    stored = {blob.id: blob.modified for blob in node.warehouse.files.iter_stored()}
    with node.database.read() as session:
        known = segment_writes.find_known(session)
    lost = {blob_id: modified for blob_id, modified in stored.items() if blob_id not in known}
    old = (datetime.now(UTC) - LOST_AFTER).timestamp()
    for blob_id in [blob_id for blob_id, modified in lost.items() if modified < old]:
        _delete(node, blob_id)
    return not any(old <= modified <= erased_at.timestamp() for modified in lost.values())


def _delete(node: Node, blob_id: BlobId) -> bool:
    try:
        node.warehouse.local.delete(blob_id)
    except PermissionError:  # open, on Windows
        return False
    return True


def _wait_for(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise StillInUse
        time.sleep(LOOK_SECONDS)
