"""What an export is made from: everything of one snapshot that decides about its bytes.

The snapshot is let go at once; the warehouse's files it names are pinned while they are read. The tag is a digest of
all that decides, so the same tag means the same bytes, whatever was restored or rebuilt in between.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

from sqlalchemy.orm import Session

from sync_server.core.odata_filter import Expression, parse_filter
from sync_server.core.scope import EXPORT_CEILING, Part, View
from sync_server.core.sensitivity import Level
from sync_server.core.sight import Sight
from sync_server.core.table_layout import FormLayout
from sync_server.errors import NotFound
from sync_server.exporters.csv_columns import Switches
from sync_server.node import Node
from sync_server.services.form_definitions import find_layout
from sync_server.services.form_sight import sight_of
from sync_server.store import changes, checkpoints, forms, submission_reads
from sync_server.store.blocks import newest_block
from sync_server.store.segments import CONSUMER, Segment
from sync_server.warehouse.csv_veil import (
    Matches,
    RowsShown,
    Veil,
    find_matches,
    joined,
    make_veil,
    narrowed,
    rows_shown,
)
from sync_server.warehouse.form_tables import FormTables, open_tables
from sync_server.warehouse.query import Selection

# All that may leave in a file: severe answers do not, not even for the operator at the machine.
_EVERYTHING = View((Part(None, EXPORT_CEILING),))

FORMAT = 2  # of the files; another number and no client takes an old file for a new one


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody asks for: `filter` is a `$filter`, `is_root_only` the root table as a plain CSV.

    `sight` is what whoever asks may take away; None: all that may leave in a file at all.
    """

    project_id: int
    form_id: str
    switches: Switches = field(default_factory=Switches)
    filter: str | None = None
    is_root_only: bool = False
    sight: Sight | None = None

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
    sight: Sight
    parts: tuple[RowsShown, ...]

    @property
    def selection(self) -> Selection | None:
        """The submissions that the filter and the reader's scope let through; None when all are."""
        where = joined(self.parts, self.where)
        return None if where is None else Selection(self.tables, "", self.now, where)

    @property
    def matches(self) -> Matches | None:
        """The places of these submissions; None: all of them."""
        if not self.parts:
            return {}
        selection = self.selection
        return None if selection is None else find_matches(selection)

    @property
    def veil(self) -> Veil | None:
        return make_veil(self.tables, self.sight, self.parts, now=self.now)

    @property
    def sees_every_row(self) -> bool:
        return any(part.where is None for part in self.parts)

    @property
    def hides_unplaced(self) -> bool:
        """Answers to questions that no published version has: nobody said how sensitive they are."""
        return self.sight.lowest < Level.SEVERE

    @cached_property
    def layout(self) -> FormLayout:
        """The tables and columns of which some row in sight may show something."""
        return narrowed(self.tables.layout, self.sight)

    @cached_property
    def hidden(self) -> tuple[str, ...]:
        """The questions of which no row shows the answers."""
        return self._paths(self.sight.hides)

    @cached_property
    def veiled(self) -> tuple[str, ...]:
        """The questions of which some rows do not show the answers."""
        return tuple(path for path in self._paths(self.sight.veils) if not self.sight.hides(path))

    def _paths(self, is_meant: Callable[[str], bool]) -> tuple[str, ...]:
        paths = dict.fromkeys(column.path for table in self.tables.layout.tables for column in table.columns)
        return tuple(path for path in paths if is_meant(path))

    @cached_property
    def tag(self) -> str:
        """Name the bytes this makes: what was asked for, then all that they depend on."""
        manifest = self.tables.manifest
        content = [
            FORMAT,
            manifest.epoch,
            [[list(map(_of_segment, cluster)) for cluster in manifest.clusters()], self._columns()],
            [dict(self.held), self.parked, self.behind],
            # The moment decides only where a filter asks for it.
            self.now.isoformat() if "now(" in self._filters().lower() else "",
            asdict(self.sight),
        ]
        return f"{self.wanted.fingerprint}-{_digest(content)[:40]}"

    def _filters(self) -> str:
        return " ".join((self.wanted.filter or "", *(part.rows or "" for part in self.sight.parts)))

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
    if where is not None:
        # Refuse a filter on what is not there, or not for this reader to know, before anything else is done: which
        # rows come out would tell the answers.
        known = replace(source.tables, layout=narrowed(source.tables.layout, source.sight, is_of_every_row=True))
        _ = Selection(known, "", now, where).condition
    return source


def _read(node: Node, session: Session, wanted: Wanted, where: Expression | None, now: datetime) -> ExportSource:
    project_id, form_id = wanted.project_id, wanted.form_id
    layout = find_layout(session, project_id, form_id)
    has_versions = bool(forms.iter_versions(session, project_id, form_id))
    if not has_versions and not submission_reads.has_submissions(session, project_id, form_id):
        raise NotFound
    tables = open_tables(session, node.warehouse, layout, project_id=project_id, form_id=form_id)
    sight = wanted.sight or sight_of(session, _EVERYTHING, project_id, form_id)
    wanted = replace(wanted, sight=sight)
    parts = rows_shown(tables, sight, now=now)
    sees_all = any(part.where is None for part in parts)
    stale = sum(segment.submissions for segment in tables.manifest.segments if segment.stale)
    return ExportSource(
        wanted,
        tables,
        where,
        now,
        # How many wait elsewhere is nothing to whoever sees some rows only.
        held=submission_reads.count_held(session, project_id, form_id) if sees_all else {},
        parked=len(checkpoints.iter_parked(session)),
        # Rows that a new form version or a new name made stale are shown as they were.
        behind=changes.head(session) - checkpoints.get_checkpoint(session, CONSUMER) + stale,
        erased=newest_block(session),
        sight=sight,
        parts=parts,
    )


def _of_segment(segment: Segment) -> list[Any]:
    return [sorted((path, file.blob_id) for path, file in segment.files.items()), segment.deleted]


def _digest(content: Any) -> str:
    return sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
