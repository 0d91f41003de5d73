"""Write a form's submissions as a zip in ODK Central's layout: a CSV per table, media/, the joined audit logs.

One pass over the submissions; their rows go to temporary files, the names of their files too, so that neither grows
in memory (but the zip's own directory does: about 1 KB for each media file). The zip appears whole or not at all, and
the same submissions make the same bytes. What has no place in Central's layout is never dropped silently: answers
without a column are listed in UNPLACED_NAME, all else is said in NOTES_NAME. Both are there only when needed and begin
with "_", so that a client that looks for the form's tables by name does not meet them.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from sync_server.core.rows import make_rows
from sync_server.core.table_schema import TableSchema
from sync_server.exporters import audit_log
from sync_server.exporters.aside import written_aside
from sync_server.exporters.csv_file import CsvFile
from sync_server.exporters.document import Document, OpenBlob, Progress, Written
from sync_server.exporters.file_names import safe_file_name
from sync_server.exporters.media_folder import LIST_HEADER, MediaFolder
from sync_server.exporters.zip_entries import add_file, new_entry

NOTES_NAME = "_notes.txt"
UNPLACED_NAME = "_answers_without_column.csv"
UNPLACED_HEADER = ("KEY", "path", "value")


def write_csv_zip(
    target: Path,
    documents: Iterable[Document],
    *,
    form_id: str,
    schema: TableSchema,
    open_blob: OpenBlob | None,
    notes: Callable[[Written], str],
    progress: Progress,
) -> Written:
    """Write the zip; without `open_blob` it has no media. `notes` is asked last, and "" means no notes."""
    written = Written()
    base = safe_file_name(form_id)
    with written_aside(target) as folder:
        tables = _spool_rows(folder, _reported(documents, progress), schema, written)
        with ZipFile(folder / "whole", "w", ZIP_DEFLATED, allowZip64=True) as archive:
            for path, table in zip(tables, schema.tables, strict=True):
                add_file(archive, path, f"{base}-{safe_file_name(table.name)}.csv" if table.name else f"{base}.csv")
            if open_blob is not None:
                _add_media(archive, folder, base, MediaFolder(archive, open_blob, written), progress)
            if written.unplaced_answers:
                add_file(archive, folder / "unplaced.csv", UNPLACED_NAME)
            if text := notes(written):
                archive.writestr(new_entry(NOTES_NAME), text)
    return written


def write_root_csv(target: Path, documents: Iterable[Document], *, schema: TableSchema, progress: Progress) -> Written:
    """Write the root table alone; the counts tell what that leaves out."""
    written = Written()
    with written_aside(target) as folder:
        tables = _spool_rows(folder, _reported(documents, progress), schema, written)
        tables[0].replace(folder / "whole")
    return written


def _reported(documents: Iterable[Document], progress: Progress) -> Iterator[Document]:
    for number, document in enumerate(documents, start=1):
        yield document
        progress("submissions", number)


def _spool_rows(folder: Path, documents: Iterable[Document], schema: TableSchema, written: Written) -> list[Path]:
    """Write the rows of each table, the list of files and the answers without a column, each to a file."""
    with ExitStack() as stack:
        tables = [
            stack.enter_context(CsvFile(folder / f"table-{number}.csv", table.header))
            for number, table in enumerate(schema.tables)
        ]
        media = stack.enter_context(CsvFile(folder / "media.csv", LIST_HEADER))
        unplaced = stack.enter_context(CsvFile(folder / "unplaced.csv", UNPLACED_HEADER))
        for document in documents:
            made = make_rows(schema, document.answers, document.metadata)
            for file, rows in zip(tables, made.tables, strict=True):
                file.write_all(rows)
            unplaced.write_all((answer.key, answer.path, answer.value) for answer in made.unplaced)
            key = document.metadata.key
            media.write_all((key, item.name, item.blob_id, str(item.size)) for item in document.media)
            written.submissions += 1
            written.unplaced_submissions += bool(made.unplaced)
        written.rows = sum(file.rows for file in tables)
        written.unplaced_answers = unplaced.rows
        return [file.path for file in tables]


def _add_media(archive: ZipFile, folder: Path, base: str, media: MediaFolder, progress: Progress) -> None:
    with CsvFile(folder / "audit.csv", audit_log.HEADER) as audits:
        media.add_all(folder / "media.csv", audits=audits, progress=progress)
    if audits.rows:
        add_file(archive, audits.path, f"{base} - {audit_log.FILE_NAME}")
