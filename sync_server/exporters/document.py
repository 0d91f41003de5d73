"""What an exporter is given, and what it tells when it has written the file."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from sync_server.core.ids import BlobId
from sync_server.exporters.deflated import Block

OpenBlob = Callable[[BlobId], BinaryIO]
"""Open a file's bytes; raise FileNotFoundError when they are not here."""

Progress = Callable[[str, int], None]
"""Told now and then: "rows" or "files", and how many are done."""


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file that came with a submission."""

    name: str
    blob_id: BlobId
    size: int


@dataclass(frozen=True, slots=True)
class CsvBlock:
    """Some rows of a table, written as CSV and deflated."""

    rows: int
    block: Block


@dataclass(frozen=True, slots=True)
class CsvContent:
    """One table: `name` is "" for the root; the blocks are made while they are asked for, newest rows first."""

    name: str
    header: Sequence[str]
    blocks: Iterable[CsvBlock]


@dataclass(slots=True)
class Written:
    """Counts of what went into the file and of what found no place in it."""

    submissions: int = 0
    rows: int = 0
    files: int = 0
    files_missing: int = 0
    files_apart: int = 0
    unplaced_answers: int = 0
    unplaced_submissions: int = 0
