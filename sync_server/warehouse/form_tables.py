"""What a reader of a form holds: its manifest, its layout, and what the files of each segment contain.

All of it is of one snapshot and does not change; as long as it is pinned, the files stay, whatever is compacted or
edited meanwhile.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.orm import Session

from sync_server.core.table_layout import Column, FormLayout, StoredLayout, StoredTable
from sync_server.operator_errors import SegmentDamaged
from sync_server.store.segments import Cluster, Manifest, Segment, get_layouts, get_manifest
from sync_server.warehouse.warehouse import Warehouse

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class FormTables:
    """The tables of one form as of one manifest, to be read under the current layout of the form."""

    warehouse: Warehouse
    manifest: Manifest
    layout: FormLayout
    stored: Mapping[str, StoredLayout]

    def columns(self, table: str) -> tuple[Column, ...]:
        """The columns of answers of a table; the pseudo tables have none."""
        return next((found.columns for found in self.layout.tables if found.path == table), ())

    def contents(self, segment: Segment, table: str) -> StoredTable:
        """The columns of answers that the segment's file of a table has."""
        return self.stored[segment.layout_id].tables.get(table, {})

    def clusters(self, table: str) -> Iterator[Cluster]:
        """The clusters that have rows of a table, newest first, each with those of its segments that have any."""
        for cluster in self.manifest.clusters():
            if held := tuple(segment for segment in cluster if segment.live.get(table)):
                yield held

    @contextmanager
    def pinned(self) -> Iterator["FormTables"]:
        with self.warehouse.pinned(self.manifest):
            yield self


def open_tables(
    session: Session, warehouse: Warehouse, layout: FormLayout, *, project_id: int, form_id: str
) -> FormTables:
    """Take the manifest of a form as it is in this snapshot."""
    manifest = get_manifest(session, project_id, form_id)
    stored = get_layouts(session, [segment.layout_id for segment in manifest.segments])
    return FormTables(warehouse, manifest, layout, stored)


def read_tables(open_again: Callable[[], FormTables], act: Callable[[FormTables], R]) -> R:
    """Run `act` on pinned tables, once more on a fresh manifest when a file went before it was pinned.

    Raises SegmentDamaged when the file that cannot be read is still one that should be there.
    """
    try:
        with open_again().pinned() as tables:
            return act(tables)
    except SegmentDamaged as error:
        fresh = open_again()
        if error.details["blob"] in fresh.manifest.blobs:
            raise
        with fresh.pinned() as tables:
            return act(tables)
