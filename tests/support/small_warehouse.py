"""Segments written by hand for a small form of two versions, and the same rows naively in Python.

Version 2 asks for the age as a number (it was a text), asks `new` and no longer `old`. A household has visits, and a
visit has children, so there is a repeat inside a repeat.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sync_server.blobs.filesystem import FilesystemBlobs
from sync_server.blobs.local_files import LocalFiles
from sync_server.core.table_layout import FormLayout, build_layout
from sync_server.core.xform import Field, FormDefinition
from sync_server.store.segments import Manifest, Place, Segment
from sync_server.warehouse.form_tables import FormTables
from sync_server.warehouse.segment_file import SegmentWriter, SubmissionRow
from sync_server.warehouse.warehouse import Warehouse

VISIT, CHILD = "/visit", "/visit/child"
_COMMON = [
    "/name", "/born:date", "/seen:dateTime", "/at:time", "/weight:decimal", "/agreed:boolean", "/home:geopoint",
    "/g:structure", "/g/Place", "/g/place", "/visit:repeat", "/visit/n:int", "/visit/note", "/visit/child:repeat",
    "/visit/child/name", "/visit/child/weight:decimal",
]  # fmt: skip
VERSIONS = {"1": ["/age", "/old", *_COMMON], "2": ["/age:int", "/new:int", *_COMMON]}
SERVER: Mapping[str, Any] = {
    "_submitter_id": None, "_submitter_name": None, "_attachments_present": 0, "_attachments_expected": 0,
    "_status": None, "_review_state": None, "_device_id": None, "_edits": 0, "_form_version": "1",
    "_last_received": None, "_received_local": None, "_last_received_local": None, "_updated": None,
    "_has_conflict": False, "_waits": False, "_is_sealed": False, "_is_complete": True, "_flags": [],
    "_sealed_files": 0,
}  # fmt: skip


def definition(version: str) -> FormDefinition:
    split = [text.partition(":") for text in VERSIONS[version]]
    fields = tuple(Field(path, path.rpartition("/")[2], kind or "string") for path, _, kind in split)
    return FormDefinition("home", version, "Home", fields, (), (), None, None, False, None, "data")


LAYOUTS = {"1": build_layout([definition("1")]), "2": build_layout([definition("2"), definition("1")])}


@dataclass(frozen=True)
class Child:
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Visit:
    answers: Mapping[str, str] = field(default_factory=dict)
    children: Sequence[Child] = ()


@dataclass(frozen=True)
class Household:
    """One submission; answers by the name of the text column ("/g/^place", "/home@latitude")."""

    received: datetime
    root_id: str
    answers: Mapping[str, str] = field(default_factory=dict)
    visits: Sequence[Visit] = ()
    server: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[datetime, str]:
        return self.received, self.root_id

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Rows by table: the answers, and of a repeat `_parent` and `_key`."""
        found: dict[str, list[dict[str, Any]]] = {"": [dict(self.answers)], VISIT: [], CHILD: []}
        for number, visit in enumerate(self.visits, 1):
            key = f"{self.root_id}/visit[{number}]"
            found[VISIT].append({**visit.answers, "_parent": self.root_id, "_key": key})
            for count, child in enumerate(visit.children, 1):
                found[CHILD].append({**child.answers, "_parent": key, "_key": f"{key}/child[{count}]"})
        return found


@dataclass(frozen=True)
class Written:
    """What goes into one segment: its households, and which of them were replaced or removed since."""

    households: Sequence[Household]
    version: str = "2"
    gone: frozenset[str] = frozenset()


def make_warehouse(folder: Any, *, memory_mb: int = 200) -> Warehouse:
    files = FilesystemBlobs(folder / "warehouse")
    local = LocalFiles(files, folder / "scratch" / "copies", limit_bytes=0)
    return Warehouse(files, local, scratch=folder / "scratch", memory_mb=memory_mb)


def make_tables(warehouse: Warehouse, contents: Iterable[Written]) -> FormTables:
    """Write the segments and give them as the tables of a form whose latest version is 2."""
    segments = [_segment(warehouse, number, written) for number, written in enumerate(contents, 1)]
    newest_first = sorted(segments, key=lambda s: (s.first, s.id), reverse=True)
    manifest = Manifest(1, "home", "epoch", 1, tuple(newest_first))
    return FormTables(warehouse, manifest, LAYOUTS["2"], {layout.id: layout.stored for layout in LAYOUTS.values()})


def place_of(tables: FormTables, contents: Sequence[Written], root_id: str) -> Place:
    """Find a submission as the manifest's places would."""
    for number, written in enumerate(contents, 1):
        for row, household in enumerate(_ordered(written.households)):
            if household.root_id == root_id and root_id not in written.gone:
                return Place(root_id, number, row, {path: len(rows) for path, rows in household.rows().items()})
    raise KeyError(root_id)


def standing(contents: Iterable[Written]) -> list[Household]:
    """The households that are still there, in page order."""
    return _ordered(h for written in contents for h in written.households if h.root_id not in written.gone)


def _ordered(households: Iterable[Household]) -> list[Household]:
    return sorted(households, key=lambda household: household.key, reverse=True)


def _segment(warehouse: Warehouse, number: int, written: Written) -> Segment:
    layout = LAYOUTS[written.version]
    ordered = _ordered(written.households)
    with SegmentWriter(warehouse, layout) as writer:
        for household in ordered:
            writer.add(_submission(layout, household))
        made = writer.finish()
    gone = [row for row, household in enumerate(ordered) if household.root_id in written.gone]
    live = {path: sum(c.get(path, 0) for n, (_, c) in enumerate(made.counts) if n not in gone) for path in made.files}
    return Segment(
        id=number, project_id=1, form_id="home", layout_id=layout.id, newest=made.first[0], newest_root=made.first[1],
        oldest=made.last[0], oldest_root=made.last[1], submissions=len(ordered), files=made.files,
        deleted=tuple(gone), live=live,
    )  # fmt: skip


def _submission(layout: FormLayout, household: Household) -> SubmissionRow:
    rows = household.rows()
    tables = [
        [
            [row.get(column.name, "") for column in table.columns]
            + ([row["_parent"], row["_key"]] if table.path else [])
            for row in rows[table.path]
        ]
        for table in layout.tables
    ]
    return SubmissionRow(
        household.received, household.root_id, {**SERVER, **household.server}, tables, (), (), is_stranger=False
    )
