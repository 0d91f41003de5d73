"""Read the warehouse as CSV: the rows of a table, cluster by cluster in page order, as deflated blocks.

DuckDB writes a cluster's rows to a scratch file, byte for byte as exporters/csv_text.py would, and that is deflated.
Only large clusters are kept (csv_blocks.py): a small one is made in the time it takes to look for it, and is soon
compacted into another. What a `$filter` cuts through is made for the occasion.
"""

import errno
import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sync_server.core.ids import BlobId
from sync_server.core.table_layout import FILES, UNPLACED
from sync_server.exporters.csv_columns import CsvColumn, CsvTable
from sync_server.exporters.deflated import Block
from sync_server.exporters.document import CsvBlock, MediaFile
from sync_server.store.segments import Cluster, Segment
from sync_server.warehouse import csv_sql
from sync_server.warehouse.csv_blocks import CsvBlocks, MakeText, read_block, write_block
from sync_server.warehouse.csv_sql import Source
from sync_server.warehouse.csv_veil import Matches, Veil
from sync_server.warehouse.form_tables import FormTables
from sync_server.warehouse.hidden_files import HiddenFiles
from sync_server.warehouse.warehouse import Warehouse

# Below this many rows a block is made as fast as it is found, and soon compacted into another.
LEAST_KEPT_ROWS = 50
FORMAT = 1  # of the blocks' text; another number and none made before is used
WORKERS = 2  # while one waits for DuckDB the other deflates
_FILES_AT_A_TIME = 1000


@dataclass(frozen=True, slots=True)
class ExportCounts:
    """What the notes of an export count."""

    submissions: int = 0
    conflicts: int = 0
    waiting_for_original: int = 0
    held_edits: int = 0
    sealed: int = 0
    sealed_files: int = 0
    unplaced_answers: int = 0
    unplaced_submissions: int = 0


class CsvRows:
    """The rows of a form's tables, which must be pinned as long as this is used."""

    def __init__(
        self, tables: FormTables, blocks: CsvBlocks, matches: Matches | None, veil: Veil | None = None
    ) -> None:
        self._tables = tables
        self._warehouse = tables.warehouse
        self._blocks = blocks
        self._matches = matches
        self._veil = veil
        self.files_hidden = 0

    def blocks(self, table: CsvTable, scratch: Path) -> Iterator[CsvBlock]:
        """Give the rows of a table, newest first; what is not kept lies in `scratch` until the file is written."""
        clusters = self._tables.clusters(table.path)
        with ThreadPoolExecutor(WORKERS) as workers:
            ahead: deque[Future[CsvBlock | None]] = deque()
            for number, cluster in enumerate(clusters):
                aside = scratch / f"{sha256(table.path.encode()).hexdigest()[:16]}-{number}"
                ahead.append(workers.submit(self._block, table, cluster, aside))
                if len(ahead) > WORKERS:
                    yield from _made(ahead.popleft())
            while ahead:
                yield from _made(ahead.popleft())

    def counts(self) -> ExportCounts:
        """Count for the notes, in one query over all segments."""
        roots, unplaced = self._all_sources(""), self._all_sources(UNPLACED)
        found = self._row(*csv_sql.counts(roots)) if roots else (0,) * 6
        apart = self._row(*csv_sql.unplaced_counts(unplaced)) if unplaced else (0, 0)
        return ExportCounts(*(int(number or 0) for number in (*found, *apart)))

    def files(self) -> Iterator[tuple[str, MediaFile]]:
        """List the files of the submissions in page order, each with the KEY of its submission.

        What the reader may not see is counted in `files_hidden`.
        """
        for cluster in self._tables.manifest.clusters():
            if sources := self._sources(FILES, cluster):
                hidden = self._hidden_files(cluster)
                with self._warehouse.cursor() as cursor:
                    cursor.execute(*csv_sql.files(sources))
                    while rows := cursor.fetchmany(_FILES_AT_A_TIME):
                        yield from self._shown_files(rows, hidden)

    def _shown_files(self, rows: Iterable[Any], hidden: HiddenFiles | None) -> Iterator[tuple[str, MediaFile]]:
        for key, name, blob, size in rows:
            if hidden is not None and hidden.hides(key, name):
                self.files_hidden += 1
            else:
                yield key, MediaFile(name, BlobId(blob), size)

    def _hidden_files(self, cluster: Cluster) -> HiddenFiles | None:
        if self._veil is None or not self._veil.hides_files:
            return None
        hidden = HiddenFiles(self._veil)
        with self._warehouse.cursor() as cursor:
            for segment in cluster:
                for table in ("", *(table.path for table in self._veil.layout.tables if table.path)):
                    columns = self._veil.files_of(table)
                    for source in self._bare_sources(table, segment) if columns or not table else ():
                        query = csv_sql.file_names(source, [column.name for column in columns])
                        hidden.learn(segment, columns, cursor.execute(*query).fetchall())
        return hidden

    def choices(self, table: str, column: str) -> tuple[str, ...]:
        """List the choices found in the answers to a question."""
        sources = [source for source in self._all_sources(table) if column in source.columns]
        if not sources:
            return ()
        with self._warehouse.cursor() as cursor:
            return tuple(value for (value,) in cursor.execute(*csv_sql.choices(sources, column)).fetchall())

    def _block(self, table: CsvTable, cluster: Cluster, aside: Path) -> CsvBlock | None:
        sources = self._sources(table.path, cluster)
        if not sources:
            return None
        make_text = _MakeText(self._warehouse, *csv_sql.rows(table, sources))
        live = sum(segment.live.get(table.path, 0) for segment in cluster)
        if live < LEAST_KEPT_ROWS or not self._is_whole(table.path, cluster, sources):
            block = _aside(aside, make_text)
            return CsvBlock(make_text.rows, block)
        return CsvBlock(live, self._blocks.get(_key(table, cluster), make_text))

    def _is_whole(self, table: str, cluster: Cluster, sources: Sequence[Source]) -> bool:
        """Whether all of a cluster is let through, and nothing in it is veiled."""
        if any(source.veils for source in sources) or self._hides_rows(table):
            return False
        return self._matches is None or all(
            len(self._matches.get(segment.id, ())) == segment.live.get("", 0) for segment in cluster
        )

    def _hides_rows(self, table: str) -> bool:
        """Whether it is for some submissions only to show that they have rows of this table."""
        return self._veil is not None and self._veil.table_level(table) > self._veil.sight.lowest

    def _sources(self, table: str, segments: Cluster) -> list[Source]:
        found = ((segment, self._shown(segment, table)) for segment in segments if table in segment.files)
        return [self._source(table, segment, shown) for segment, shown in found if shown is None or shown]

    def _bare_sources(self, table: str, segment: Segment) -> list[Source]:
        """A segment's file as it is, if it has one: only to work out what is hidden."""
        if table not in segment.files:
            return []
        path = self._warehouse.path(segment.files[table].blob_id)
        return [Source(str(path), None, frozenset(self._tables.contents(segment, table)))]

    def _all_sources(self, table: str) -> list[Source]:
        return self._sources(table, self._tables.manifest.segments)

    def _source(self, table: str, segment: Segment, shown: frozenset[int] | None) -> Source:
        path = self._warehouse.path(segment.files[table].blob_id)
        mask = None if shown is None else _mask(segment, shown)
        return Source(str(path), mask, frozenset(self._tables.contents(segment, table)), self._veils(table, segment))

    def _veils(self, table: str, segment: Segment) -> dict[str, str]:
        if self._veil is None:
            return {}
        rows = ((column, self._veil.rows_at(level, segment)) for column, level in self._veil.veiled(table))
        return {column.name: _mask(segment, shown) for column, shown in rows if shown is not None}

    def _shown(self, segment: Segment, table: str) -> frozenset[int] | None:
        """The submissions of a segment that are shown; None: all that it has."""
        shown = self._let_through(segment)
        if self._veil is None or not self._hides_rows(table):
            return shown
        enough = self._veil.rows_at(self._veil.table_level(table), segment)
        return shown if enough is None else enough if shown is None else shown & enough

    def _let_through(self, segment: Segment) -> frozenset[int] | None:
        if self._matches is None and not segment.deleted:
            return None
        shown = frozenset(range(segment.submissions)).difference(segment.deleted)
        if self._matches is not None:
            shown &= self._matches.get(segment.id, frozenset())
        return None if len(shown) == segment.submissions else shown

    def _row(self, sql: str, values: dict[str, Any]) -> tuple[Any, ...]:
        with self._warehouse.cursor() as cursor:
            row = cursor.execute(sql, values).fetchone()
        assert row is not None
        return tuple(row)


class _MakeText:
    """Writes the rows of a SELECT as CSV, and knows how many there were."""

    def __init__(self, warehouse: Warehouse, select: str, values: dict[str, Any]) -> None:
        self._warehouse = warehouse
        self._select = select
        self._values = values
        self.rows = 0

    def __call__(self, path: Path) -> None:
        import duckdb  # only when it is used: a hub on which nobody reads has no memory to spare for it

        with self._warehouse.cursor() as cursor:
            try:
                done = cursor.execute(csv_sql.copy(self._select), {**self._values, "target": str(path)}).fetchone()
            except duckdb.IOException as error:
                raise _as_os_error(error) from error
        self.rows = int(done[0]) if done else 0


def _mask(segment: Segment, shown: frozenset[int]) -> str:
    return "".join("01"[row in shown] for row in range(segment.submissions))


def _made(block: "Future[CsvBlock | None]") -> Iterator[CsvBlock]:
    if (made := block.result()) is not None:
        yield made


def _as_os_error(error: Exception) -> Exception:
    return OSError(errno.ENOSPC, "No space left on device") if "No space left" in str(error) else error


def _aside(path: Path, make_text: MakeText) -> Block:
    return Block(write_block(path, make_text), lambda: read_block(path))


def _key(table: CsvTable, cluster: Cluster) -> str:
    """Name a block by all that its text depends on."""
    columns = [[column.name or column.header, column.choice] for column in table.columns]
    files = [[s.files[table.path].blob_id, s.deleted] for s in cluster if table.path in s.files]
    content = json.dumps([FORMAT, table.path, columns, files], separators=(",", ":"))
    return sha256(content.encode()).hexdigest()


UNPLACED_TABLE = CsvTable(UNPLACED, "", tuple(map(CsvColumn, ("KEY", "path", "value"))))
