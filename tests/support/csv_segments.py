"""Segments made of XML by hand, for tests that read the warehouse without a database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sync_server.blobs.filesystem import FilesystemBlobs
from sync_server.blobs.local_files import LocalFiles
from sync_server.core.instance_xml import parse_xml
from sync_server.core.rows import RowMetadata, make_rows
from sync_server.core.table_layout import FormLayout, server_columns
from sync_server.store.segments import Manifest, Segment
from sync_server.warehouse.form_tables import FormTables
from sync_server.warehouse.segment_file import SegmentWriter, SubmissionRow
from sync_server.warehouse.warehouse import Warehouse

MORNING = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sent:
    """A submission: the XML of its answers, the minutes after which it came, its files, and columns of the server."""

    key: str
    xml: str = ""
    minutes: int = 0
    files: tuple[tuple[str, str, int], ...] = ()
    server: dict[str, Any] = field(default_factory=dict)


def open_warehouse(folder: Path) -> Warehouse:
    files = FilesystemBlobs(folder / "warehouse")
    local = LocalFiles(files, folder / "copies", 10**9)
    return Warehouse(files, local, scratch=folder / "scratch", memory_mb=200)


def make_segment(
    warehouse: Warehouse, layout: FormLayout, sent: Iterable[Sent], *, number: int = 1, deleted: Sequence[int] = ()
) -> Segment:
    """Write a segment of these submissions, put in page order; `deleted` counts in it."""
    ordered = sorted((submission_row(layout, one) for one in sent), key=lambda row: row.key, reverse=True)
    with SegmentWriter(warehouse, layout) as writer:
        for row in ordered:
            writer.add(row)
        made = writer.finish()
    stay = [counts for place, (_, counts) in enumerate(made.counts) if place not in deleted]
    live = {path: sum(counts.get(path, 0) for counts in stay) for path in made.files}
    return Segment(
        id=number, project_id=1, form_id="visit", layout_id=layout.id,
        newest=made.first[0], newest_root=made.first[1], oldest=made.last[0], oldest_root=made.last[1],
        submissions=len(ordered), files=made.files, deleted=tuple(deleted), live=live,
    )  # fmt: skip


def tables_of(
    warehouse: Warehouse, layout: FormLayout, *segments: Segment, also: Iterable[FormLayout] = ()
) -> FormTables:
    """Read these segments under a layout; `also` are the layouts of older ones."""
    ordered = tuple(sorted(segments, key=lambda s: (s.first, s.id), reverse=True))
    stored = {known.id: known.stored for known in (layout, *also)}
    return FormTables(warehouse, Manifest(1, "visit", "epoch", 1, ordered), layout, stored)


def submission_row(layout: FormLayout, sent: Sent) -> SubmissionRow:
    received = MORNING + timedelta(minutes=sent.minutes)
    answers = parse_xml(f"<data>{sent.xml}</data>".encode())
    made = make_rows(layout.schema, answers, RowMetadata(sent.key, received))
    first, last = server_columns("")
    root = [row[first : len(row) - last] for row in made.tables[0]]
    unplaced = [(answer.path, answer.value) for answer in made.unplaced]
    return SubmissionRow(
        received, sent.key, sent.server, [root, *made.tables[1:]], sent.files, unplaced, is_stranger=False
    )
