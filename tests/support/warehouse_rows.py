"""Read a form's tables from the warehouse with nothing but its manifest and a plain DuckDB.

What every manifest promises is checked on the way: rows stored in page order, segments within their ranges, clusters
that do not overlap, counts that are true, and a place for every submission.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from typing import Any

import duckdb
from sqlalchemy.orm import Session

from sync_server.node import Node
from sync_server.store.segments import Manifest, Segment, find_place, get_manifest

ROOT, FILES, UNPLACED = "", "#files", "#unplaced"
PARTS = ("latitude", "longitude", "altitude", "accuracy")

Row = dict[str, Any]


@dataclass
class Shown:
    """One submission as the warehouse shows it: its rows by table, whose answers are {(path, part): text}."""

    key: str
    received: datetime
    meta: Row
    tables: dict[str, list[Row]] = field(default_factory=dict)


def shown_submissions(node: Node, form_id: str, project_id: int = 1) -> list[Shown]:
    """Return all submissions of a form in page order, from one snapshot of its manifest."""
    with node.database.read() as session:
        manifest = get_manifest(session, project_id, form_id)
        with node.warehouse.pinned(manifest):
            found = read_manifest(node, manifest)
        _check_places(session, manifest, found)
    return found


def read_manifest(node: Node, manifest: Manifest) -> list[Shown]:
    """Read every segment of a manifest, and hold it against what the manifest says of it."""
    assert list(manifest.segments) == sorted(manifest.segments, key=lambda s: (s.first, s.id), reverse=True)
    ends = [(max(s.first for s in cluster), min(s.last for s in cluster)) for cluster in manifest.clusters()]
    assert all(newer[1] > older[0] for newer, older in pairwise(ends)), "clusters overlap"
    found = [shown for segment in manifest.segments for shown in _read_segment(node, segment)]
    assert len({shown.key for shown in found}) == len(found), "a submission stands twice"
    for table in {table for segment in manifest.segments for table in segment.files}:
        assert manifest.live(table) == sum(len(shown.tables.get(table, ())) for shown in found)
    return sorted(found, key=lambda shown: (shown.received, shown.key), reverse=True)


def _read_segment(node: Node, segment: Segment) -> Iterator[Shown]:
    tables = {table: _rows(node, segment, table) for table in segment.files}
    roots = tables[ROOT]
    assert [row["_row"] for row in roots] == list(range(segment.submissions))
    keys = [(row["_received"].replace(tzinfo=UTC), row["_root"]) for row in roots]
    assert keys == sorted(keys, reverse=True), "not stored in page order"
    assert keys[0] <= segment.first
    assert keys[-1] >= segment.last
    deleted = set(segment.deleted)
    live = Counter(table for table, rows in tables.items() for row in rows if row["_row"] not in deleted)
    assert live == Counter({table: count for table, count in segment.live.items() if count}), "counts are not true"
    for row in roots:
        if row["_row"] not in deleted:
            yield _shown(row, {table: _of(rows, row) for table, rows in tables.items()})


def _rows(node: Node, segment: Segment, table: str) -> list[Row]:
    file = segment.files[table]
    path = node.warehouse.path(file.blob_id)
    assert path.stat().st_size == file.size
    answer = _plain_duckdb().execute("SELECT * FROM read_parquet(?)", [str(path)])
    names = [column[0] for column in answer.description]
    rows = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    assert len(rows) == file.rows
    assert [(row["_row"], row["_ordinal"]) for row in rows] == sorted((row["_row"], row["_ordinal"]) for row in rows)
    return rows


@cache
def _plain_duckdb() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _of(rows: list[Row], root: Row) -> list[Row]:
    mine = [row for row in rows if row["_row"] == root["_row"]]
    assert {(row["_root"], row["_received"]) for row in mine} <= {(root["_root"], root["_received"])}
    return mine


def _shown(root: Row, tables: dict[str, list[Row]]) -> Shown:
    meta = {name: value for name, value in root.items() if not name.startswith("/")}
    return Shown(root["_root"], root["_received"].replace(tzinfo=UTC), meta, tables)


def _check_places(session: Session, manifest: Manifest, found: list[Shown]) -> None:
    segments = {segment.id: segment for segment in manifest.segments}
    for shown in found:
        place = find_place(session, manifest.project_id, manifest.form_id, shown.key)
        assert place is not None
        assert place.row == shown.meta["_row"]
        assert place.row not in segments[place.segment_id].deleted
        counts = {table: len(rows) for table, rows in shown.tables.items() if rows}
        assert {table: count for table, count in place.counts.items() if count} == counts


def answers(row: Row) -> dict[tuple[str, str | int], str]:
    """The texts of a row by path and part of a point."""
    found: dict[tuple[str, str | int], str] = {}
    for name, value in row.items():
        if name.startswith("/") and "#" not in name and value is not None:
            path, _, part = name.partition("@")
            found[_unescaped(path), PARTS.index(part) if part else ""] = value
    return found


def typed(row: Row) -> Iterator[tuple[str, str | None, Any]]:
    """Of each typed column: its type, the text beside it, and its value."""
    for name, value in row.items():
        if name.startswith("/") and "#" in name:
            beside, _, kind = name.partition("#")
            yield kind, row[beside], value


def _unescaped(path: str) -> str:
    return re.sub(r"\^(.)", lambda match: match.group(1).upper(), path)
