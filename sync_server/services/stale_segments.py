"""Tell which segments no longer show what they should: after a new form version, and after somebody was renamed."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from sync_server.core.table_layout import is_compatible
from sync_server.operator_errors import SegmentDamaged
from sync_server.services.form_definitions import find_layout
from sync_server.store import segment_writes, segments
from sync_server.store.accounts import find_display_name
from sync_server.store.changes import Change
from sync_server.store.instance_names import find_first_received_from
from sync_server.store.segments import Segment
from sync_server.warehouse.warehouse import Warehouse

Write = Callable[[Session], None]


def of_new_version(_session: Session, change: Change) -> Write:
    """Mark the form's segments that do not fit its layout, or have answers which the new version may place.

    The reason carries the change's number: what is being made again for an earlier one is then made once more.
    """
    return lambda session: _mark_unfit(session, change.key, f"layout:{change.seq}")


def _mark_unfit(session: Session, form_id: str, reason: str) -> None:
    for form in segments.find_forms(session, form_id):
        found = segments.iter_segments(session, *form)
        new = find_layout(session, *form).stored
        layouts = segments.get_layouts(session, [segment.layout_id for segment in found])
        unfit = (s.id for s in found if s.has_strangers or not is_compatible(layouts[s.layout_id], new))
        segment_writes.mark_stale(session, unfit, reason)


def of_renamed(session: Session, warehouse: Warehouse, change: Change) -> Write:
    """Mark the segments that show another name for a sender than the sender now has."""
    actor_id = int(change.key.rpartition(":")[2])
    forms = find_first_received_from(session, actor_id)
    name = find_display_name(session, actor_id) if forms else None
    outdated = [
        segment.id
        for form in sorted(forms)
        for segment in segments.iter_segments(session, *form)
        if _shows_other_name(warehouse, segment, actor_id, name)
    ]
    return lambda session: segment_writes.mark_stale(session, outdated, f"renamed:{change.seq}")


def _shows_other_name(warehouse: Warehouse, segment: Segment, actor_id: int, name: str | None) -> bool:
    other = "_submitter_id = $actor AND _submitter_name IS DISTINCT FROM $name"
    query = f"SELECT count(*) FROM read_parquet($path) WHERE {other}"  # noqa: S608
    try:
        path = warehouse.path(segment.files[""].blob_id)
    except SegmentDamaged:
        return False  # it is made again for that reason
    with warehouse.cursor() as cursor:
        found = cursor.execute(query, {"path": str(path), "actor": str(actor_id), "name": name or None}).fetchone()
    return found is not None and found[0] > 0
