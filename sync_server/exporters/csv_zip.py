"""Write a form's submissions as a zip in ODK Central's layout: a CSV per table, media/, the joined audit logs.

The tables come as deflated blocks, the list of files as a stream; neither grows in memory (but the names of the files
do, and the zip's own directory). The zip appears whole or not at all, and the same blocks make the same bytes. What
has no place in Central's layout is never dropped silently: answers without a column are listed in UNPLACED_NAME, all
else is said in NOTES_NAME. Both are there only when needed and begin with "_", so that a client that looks for the
form's tables by name does not meet them.
"""

import zlib
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path

from sync_server.exporters import audit_log
from sync_server.exporters.aside import written_aside
from sync_server.exporters.csv_file import CsvFile
from sync_server.exporters.csv_text import csv_line
from sync_server.exporters.deflated import Block, deflate_text
from sync_server.exporters.document import CsvBlock, CsvContent, MediaFile, OpenBlob, Progress, Written
from sync_server.exporters.file_names import safe_file_name
from sync_server.exporters.media_folder import MediaFolder
from sync_server.exporters.zip_writer import ZipWriter

NOTES_NAME = "_notes.txt"
UNPLACED_NAME = "_answers_without_column.csv"
UNPLACED_HEADER = ("KEY", "path", "value")


def write_csv_zip(
    target: Path,
    tables: Iterable[CsvContent],
    *,
    form_id: str,
    written: Written,
    media: Iterable[tuple[str, MediaFile]],
    open_blob: OpenBlob,
    unplaced: CsvContent,
    notes: Callable[[Written], str],
    progress: Progress,
) -> None:
    """Write the zip and add to the counts. `media` are the files with the KEY of their submission; `notes` is asked
    last, and "" means no notes."""
    base = safe_file_name(form_id)
    with written_aside(target) as folder, (folder / "whole").open("wb") as file:
        archive = ZipWriter(file)
        rows = _RowCount(written, progress)
        for table in tables:
            name = f"{base}-{safe_file_name(table.name)}.csv" if table.name else f"{base}.csv"
            archive.add_blocks(name, rows.counted(table))
        _add_media(archive, folder / "audit.csv", base, MediaFolder(archive, open_blob, written), media, progress)
        if written.unplaced_answers:
            archive.add_blocks(UNPLACED_NAME, [_header(unplaced), *(made.block for made in unplaced.blocks)])
        if text := notes(written):
            archive.add_stream(NOTES_NAME, BytesIO(text.encode()), len(text.encode()))
        archive.close()


def write_root_csv(target: Path, table: CsvContent, *, written: Written, progress: Progress) -> None:
    """Write one table alone as plain CSV, from the same blocks."""
    with written_aside(target) as folder, (folder / "whole").open("wb") as file:
        for block in _RowCount(written, progress).counted(table):
            unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
            for piece in block.read():
                file.write(unpacker.decompress(piece))


class _RowCount:
    """Counts rows while the blocks are made, and tells of them."""

    def __init__(self, written: Written, progress: Progress) -> None:
        self._written = written
        self._progress = progress

    def counted(self, table: CsvContent) -> list[Block]:
        return [_header(table), *map(self._count, table.blocks)]

    def _count(self, made: CsvBlock) -> Block:
        self._written.rows += made.rows
        self._progress("rows", self._written.rows)
        return made.block


def _header(table: CsvContent) -> Block:
    return deflate_text(csv_line(table.header))


def _add_media(
    archive: ZipWriter,
    audit: Path,
    base: str,
    folder: MediaFolder,
    media: Iterable[tuple[str, MediaFile]],
    progress: Progress,
) -> None:
    with CsvFile(audit, audit_log.HEADER) as audits:
        folder.add_all(media, audits=audits, progress=progress)
    if audits.rows:
        with audit.open("rb") as stream:
            archive.add_stream(f"{base} - {audit_log.FILE_NAME}", stream, audit.stat().st_size)
