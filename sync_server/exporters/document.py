"""What every exporter is given of a submission, and what it tells when it has written the file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from lxml import etree

from sync_server.core.ids import BlobId
from sync_server.core.rows import RowMetadata

OpenBlob = Callable[[BlobId], BinaryIO]
"""Open a file's bytes; raise FileNotFoundError when they are not here."""

Progress = Callable[[str, int], None]
"""Told now and then: "submissions" or "files", and how many are done."""


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file that came with a submission."""

    name: str
    blob_id: BlobId
    size: int


@dataclass(frozen=True, slots=True)
class Document:
    """One submission as it stands: `answers` is None when it is sealed."""

    metadata: RowMetadata
    answers: etree._Element | None
    media: tuple[MediaFile, ...] = ()


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
