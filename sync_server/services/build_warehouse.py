"""Consumer: from resolved submissions to the warehouse's segments.

It never goes beyond what is resolved. The rows of every submission that a change may concern are made anew and written
as segments of their own; the old ones go into the delete vectors of theirs, wherever another process may have moved
them by then. Files are durable before the transaction that names them and moves the checkpoint.

A new form version may lay the form out so that older segments no longer fit. They are marked as stale here, and made
again by services/maintain_warehouse.py.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from sync_server.core.page_order import Key, group_by_cluster
from sync_server.core.table_layout import FormLayout
from sync_server.services import stale_segments
from sync_server.services.form_definitions import find_layout
from sync_server.services.resolve_submissions import ABOUT_INSTANCES
from sync_server.services.warehouse_rows import iter_rows
from sync_server.store import segment_writes, segments, submission_reads
from sync_server.store.changes import Change
from sync_server.store.instance_names import FormKey, find_possible_roots
from sync_server.store.segment_writes import WrittenSegment
from sync_server.warehouse.segment_file import SegmentWriter, SubmissionRow
from sync_server.warehouse.warehouse import Warehouse

Write = Callable[[Session], None]

REST_EVERY = 100  # rows


class BuildWarehouse:
    name = segments.CONSUMER

    def __init__(self, warehouse: Warehouse, zone: ZoneInfo) -> None:
        self._warehouse = warehouse
        self._zone = zone

    def handle(self, session: Session, happened: Sequence[Change]) -> Write:
        touched = find_possible_roots(session, {c.key for c in happened if c.kind in ABOUT_INSTANCES})
        writes = [self._build(session, form, names) for form, names in sorted(touched.items())]
        for change in happened:
            if change.kind == "form_version":
                writes.append(stale_segments.of_new_version(session, change))
            elif change.kind == "account":
                writes.append(stale_segments.of_renamed(session, self._warehouse, change))
        return lambda session: _do_all(session, writes)

    def _build(self, session: Session, form: FormKey, names: set[str]) -> Write:
        written = write_segments(session, self._warehouse, form, names, zone=self._zone)
        return lambda session: segment_writes.publish(session, form, written, touched=names, now=datetime.now(UTC))


def write_segments(
    session: Session,
    warehouse: Warehouse,
    form: FormKey,
    roots: Iterable[str],
    *,
    zone: ZoneInfo,
    rest: Callable[[], None] = lambda: None,
) -> list[WrittenSegment]:
    """Write the rows of those of these submissions that are shown, so that no segment reaches over two clusters.

    `rest` is called now and then between rows, for whoever wants to leave the processor to others.
    """
    keys = submission_reads.find_keys(session, *form, roots)
    if not keys:
        return []
    layout = find_layout(session, *form)
    groups = group_by_cluster(keys, segments.get_manifest(session, *form).ranges())
    return [
        _write(warehouse, layout, _resting(iter_rows(session, *form, _roots(group), layout=layout, zone=zone), rest))
        for group in groups
    ]


def _roots(group: Iterable[Key]) -> list[str]:
    return [root_id for _received, root_id in group]


def _resting(rows: Iterable[SubmissionRow], rest: Callable[[], None]) -> Iterator[SubmissionRow]:
    for number, row in enumerate(rows):
        if number % REST_EVERY == 0:
            rest()
        yield row


def _write(warehouse: Warehouse, layout: FormLayout, rows: Iterable[SubmissionRow]) -> WrittenSegment:
    with SegmentWriter(warehouse, layout) as writer:
        for row in rows:
            writer.add(row)
        return writer.finish()


def _do_all(session: Session, writes: Iterable[Write]) -> None:
    for write in writes:
        write(session)
