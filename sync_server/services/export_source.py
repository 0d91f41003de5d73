"""What an export is made from: everything of one snapshot that decides about its bytes.

The snapshot is let go at once; the warehouse's files it names are pinned while they are read. The tag is a digest of
all that decides, so the same tag means the same bytes, whatever was restored or rebuilt in between.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

from sqlalchemy.orm import Session

from sync_server.core.odata_filter import Expression, parse_filter
from sync_server.errors import NotFound
from sync_server.exporters.csv_columns import Switches
from sync_server.node import Node
from sync_server.services.form_definitions import find_layout
from sync_server.store import changes, checkpoints, forms, submission_reads
from sync_server.store.blocks import newest_block
from sync_server.store.segments import CONSUMER, Segment
from sync_server.warehouse.form_tables import FormTables, open_tables
from sync_server.warehouse.query import Selection

FORMAT = 1  # of the files; another number and no client takes an old file for a new one


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody asks for: `filter` is a `$filter`, `is_root_only` the root table as a plain CSV."""

    project_id: int
    form_id: str
    switches: Switches = field(default_factory=Switches)
    filter: str | None = None
    is_root_only: bool = False

    @property
    def fingerprint(self) -> str:
        """Tell one wish from another."""
        return _digest(asdict(self))[:12]


@dataclass(frozen=True)
class ExportSource:
    """The state an export shows. `erased` is the number of the newest erasure it knows."""

    wanted: Wanted
    tables: FormTables
    where: Expression | None
    now: datetime
    held: Mapping[str, int]
    parked: int
    behind: int
    erased: int

    @property
    def selection(self) -> Selection | None:
        """The submissions that the filter lets through; None without a filter."""
        return None if self.where is None else Selection(self.tables, "", self.now, self.where)

    @cached_property
    def tag(self) -> str:
        """Name the bytes this makes: what was asked for, then all that they depend on."""
        manifest = self.tables.manifest
        content = [
            FORMAT,
            manifest.epoch,
            [[list(map(_of_segment, cluster)) for cluster in manifest.clusters()], self._columns()],
            [dict(self.held), self.parked, self.behind],
            # The moment decides only where the filter asks for it.
            self.now.isoformat() if self.where is not None and "now(" in (self.wanted.filter or "").lower() else "",
        ]
        return f"{self.wanted.fingerprint}-{_digest(content)[:40]}"

    def _columns(self) -> list[Any]:
        return [
            [table.path, table.name, [[c.header, c.name, c.is_current, c.choices] for c in table.columns]]
            for table in self.tables.layout.tables
        ]


def open_source(node: Node, wanted: Wanted) -> ExportSource:
    """Read what stands now; raise NotFound, or a Problem that says what is wrong with the filter."""
    now = datetime.now(UTC)
    where = None if wanted.filter is None else parse_filter(wanted.filter)
    with node.database.read() as session:
        source = _read(node, session, wanted, where, now)
    if (selection := source.selection) is not None:
        _ = selection.condition  # refuse a filter on what is not there before anything else is done
    return source


def _read(node: Node, session: Session, wanted: Wanted, where: Expression | None, now: datetime) -> ExportSource:
    project_id, form_id = wanted.project_id, wanted.form_id
    layout = find_layout(session, project_id, form_id)
    has_versions = bool(forms.iter_versions(session, project_id, form_id))
    if not has_versions and not submission_reads.has_submissions(session, project_id, form_id):
        raise NotFound
    tables = open_tables(session, node.warehouse, layout, project_id=project_id, form_id=form_id)
    stale = sum(segment.submissions for segment in tables.manifest.segments if segment.stale)
    return ExportSource(
        wanted,
        tables,
        where,
        now,
        held=submission_reads.count_held(session, project_id, form_id),
        parked=len(checkpoints.iter_parked(session)),
        # Rows that a new form version or a new name made stale are shown as they were.
        behind=changes.head(session) - checkpoints.get_checkpoint(session, CONSUMER) + stale,
        erased=newest_block(session),
    )


def _of_segment(segment: Segment) -> list[Any]:
    return [sorted((path, file.blob_id) for path, file in segment.files.items()), segment.deleted]


def _digest(content: Any) -> str:
    return sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
