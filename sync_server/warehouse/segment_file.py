"""Write a segment: the rows of some submissions of one form, one Parquet file per table that has any.

Rows go as newline-delimited JSON to the scratch folder, and from there through DuckDB, which adds the typed columns.
A file carries a random mark, so that no two ever have the same name: a file that was retired or is damaged is never
taken for one that is written anew.
"""

import errno
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO
from uuid import uuid4

from sync_server.core.ids import BlobId
from sync_server.core.page_order import Key
from sync_server.core.table_layout import FILES, UNPLACED, FormLayout, StoredTable
from sync_server.store.segment_writes import WrittenSegment
from sync_server.store.segments import SegmentFile
from sync_server.warehouse.table_columns import quoted, server_columns, typed_sql
from sync_server.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROW_GROUP = 2048  # the least DuckDB writes: a page, or one submission, reads no more than this of each column
PIECE = 1 << 20
LEAST_OBJECT_BYTES = 1_000_000  # DuckDB takes buffers of several times the longest line it must expect


class RowTooLarge(Exception):
    """A row does not fit into the memory that the warehouse may take: trying again is in vain."""

    def __init__(self, *, size: int) -> None:
        super().__init__(f"a row of {size} bytes needs a larger warehouse_memory_mb; then run sync-server rebuild")


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """One submission as the files take it: cells of the server's columns, and rows per table.

    `server` has the root table's own columns; `tables` the answers per table of the layout, "" where there is none, a
    repeat's rows with (parent, key) behind them; `files` (name, sha256, size); `unplaced` (path, value).
    """

    received: datetime
    root_id: str
    server: Mapping[str, Any]
    tables: Sequence[Sequence[Sequence[str]]]
    files: Sequence[tuple[str, str, int]]
    unplaced: Sequence[tuple[str, str]]
    is_stranger: bool

    @property
    def key(self) -> Key:
        return self.received, self.root_id


@dataclass(slots=True)
class _Lines:
    """The rows of one table on their way."""

    file: TextIO
    path: Path
    rows: int = 0
    longest: int = 0

    def write(self, row: Mapping[str, Any]) -> None:
        line = _dumps(row)
        self.file.write(line + "\n")
        self.rows += 1
        self.longest = max(self.longest, len(line) if line.isascii() else len(line.encode()))


_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


@dataclass(slots=True)
class SegmentWriter:
    """Takes submissions in page order, newest first; use as a context manager."""

    warehouse: Warehouse
    layout: FormLayout
    _folder: Path = field(init=False)
    _lines: dict[str, _Lines] = field(default_factory=dict)
    _counts: list[tuple[str, Mapping[str, int]]] = field(default_factory=list)
    _keys: list[Key] = field(default_factory=list)
    _has_strangers: bool = False

    def __enter__(self) -> "SegmentWriter":
        self._folder = self.warehouse.new_folder()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for lines in self._lines.values():
            lines.file.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, submission: SubmissionRow) -> None:
        """Take the rows of a submission; it must come behind all that were added before."""
        assert not self._keys or submission.key < self._keys[-1], "not in page order"
        counts: dict[str, int] = {}
        for path, rows in self._rows(submission):
            lines = self._lines_of(path)
            before = lines.rows
            for row in rows:
                lines.write(row)
            counts[path] = lines.rows - before
        self._counts.append((submission.root_id, counts))
        self._keys.append(submission.key)
        self._has_strangers |= submission.is_stranger

    def finish(self) -> WrittenSegment:
        """Write the files and make them durable."""
        with self.warehouse.cursor() as cursor:
            files = {path: self._write(cursor, path, lines) for path, lines in self._lines.items()}
        first, last = self._keys[0], self._keys[-1]
        return WrittenSegment(self.layout.stored, first, last, files, self._counts, self._has_strangers)

    def _rows(self, submission: SubmissionRow) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
        common = {
            "_received": sql_moment(submission.received),
            "_root": submission.root_id,
            "_row": len(self._counts),
        }
        for table, rows in zip(self.layout.tables, submission.tables, strict=True):
            if table.path == "":
                yield "", _answer_rows({**common, **submission.server}, rows)
            elif rows:
                yield table.path, _repeat_rows(common, rows)
        if submission.files:
            names = ("_name", "_blob", "_size")
            yield FILES, _plain_rows(common, names, submission.files)
        if submission.unplaced:
            yield UNPLACED, _plain_rows(common, ("_path", "_value"), submission.unplaced)

    def _lines_of(self, path: str) -> _Lines:
        if path not in self._lines:
            file = self._folder / f"{len(self._lines)}.json"
            self._lines[path] = _Lines(file.open("w", encoding="utf-8", newline="\n"), file)
        return self._lines[path]

    def _write(self, cursor: "DuckDBPyConnection", path: str, lines: _Lines) -> SegmentFile:
        lines.file.close()
        answers = self.layout.stored.tables.get(path, {})
        types = {**server_columns(path), **{f"c{n}": "VARCHAR" for n in range(len(answers))}}
        source = f"read_json($source, format='newline_delimited', columns={_struct(types)}, maximum_object_size=$size)"
        size = max(LEAST_OBJECT_BYTES, lines.longest + 1)
        select = f"SELECT {', '.join(_selected(path, answers))} FROM {source}"  # noqa: S608 quoted names only
        values = {"source": str(lines.path), "size": size}
        try:
            return write_file(self.warehouse, cursor, select, values, folder=self._folder)
        except OSError as error:
            if error.errno == errno.ENOMEM and size > LEAST_OBJECT_BYTES:
                raise RowTooLarge(size=size) from error
            raise


def write_file(
    warehouse: Warehouse,
    cursor: "DuckDBPyConnection",
    select: str,
    values: Mapping[str, Any],
    *,
    folder: Path,
) -> SegmentFile:
    """Write what a SELECT gives, in its order, as one Parquet file of the warehouse.

    Raises OSError when the disk is full or others have the memory that it needs.
    """
    import duckdb

    mark = uuid4().hex
    target = folder / f"{mark}.parquet"
    options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}, KV_METADATA {{mark: '{mark}'}}"
    try:
        row = cursor.execute(f"COPY ({select}) TO $target ({options})", {**values, "target": str(target)}).fetchone()
    except duckdb.OutOfMemoryException as error:
        raise OSError(errno.ENOMEM, "the warehouse has too little memory (warehouse_memory_mb)") from error
    except duckdb.IOException as error:
        raise OSError(errno.EIO, "the warehouse cannot be written") from error
    size = target.stat().st_size
    return SegmentFile(keep(warehouse, target), int(row[0]) if row else 0, size)


def keep(warehouse: Warehouse, file: Path) -> BlobId:
    """Make a file's bytes durable among the warehouse's, and delete the file."""
    spool = warehouse.files.spool()
    try:
        with file.open("rb") as stream:
            while piece := stream.read(PIECE):
                spool.write(piece)
        file.unlink()
        return spool.keep()
    finally:
        spool.close()


def sql_moment(moment: datetime | None) -> str | None:
    """Write a moment as DuckDB reads it into a TIMESTAMP: in UTC, to the microsecond."""
    return None if moment is None else without_zone(moment.astimezone(UTC))


def without_zone(moment: datetime) -> str:
    """Write the date and time of a moment as its own zone has them."""
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")  # a fifth of what strftime takes


def _answer_rows(server: Mapping[str, Any], rows: Sequence[Sequence[str]]) -> Iterator[dict[str, Any]]:
    for ordinal, cells in enumerate(rows):
        yield {**server, "_ordinal": ordinal, **_cells(cells)}


def _repeat_rows(common: Mapping[str, Any], rows: Sequence[Sequence[str]]) -> Iterator[dict[str, Any]]:
    for ordinal, cells in enumerate(rows):
        yield {**common, "_ordinal": ordinal, "_parent": cells[-2], "_key": cells[-1], **_cells(cells[:-2])}


def _plain_rows(
    common: Mapping[str, Any], names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> Iterator[dict[str, Any]]:
    for ordinal, cells in enumerate(rows):
        yield {**common, "_ordinal": ordinal, **dict(zip(names, cells, strict=True))}


def _cells(cells: Sequence[str]) -> dict[str, str]:
    return {name: text for name, text in zip(_names(len(cells)), cells, strict=True) if text}


@cache
def _names(count: int) -> tuple[str, ...]:
    return tuple(f"c{n}" for n in range(count))


def _selected(path: str, answers: StoredTable) -> Iterator[str]:
    yield from (quoted(name) for name in server_columns(path))
    for number, (name, typed) in enumerate(answers.items()):
        yield f"c{number} AS {quoted(name)}"
        yield from (f"{typed_sql(kind, f'c{number}')} AS {quoted(column)}" for kind, column in typed.items())


def _struct(types: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in types.items()) + "}"
