"""Put the files of the submissions into the folder media/ of a zip, and join their audit logs.

A file keeps its name. One whose name is taken by another file goes to media/KEY/ instead: two tablets do name two
photos alike, for Collect calls them by the millisecond.
"""

from collections.abc import Iterable

from sync_server.core.ids import BlobId
from sync_server.exporters import audit_log
from sync_server.exporters.csv_file import CsvFile
from sync_server.exporters.document import MediaFile, OpenBlob, Progress, Written
from sync_server.exporters.file_names import safe_file_name
from sync_server.exporters.zip_writer import ZipWriter


class MediaFolder:
    """Add files one by one; only their names are kept."""

    def __init__(self, archive: ZipWriter, open_blob: OpenBlob, written: Written) -> None:
        self._archive = archive
        self._open_blob = open_blob
        self._written = written
        self._names: dict[str, BlobId] = {}

    def add_all(self, listed: Iterable[tuple[str, MediaFile]], *, audits: CsvFile, progress: Progress) -> None:
        for number, (key, file) in enumerate(listed, start=1):
            try:
                if not self._add_to(audits, key, file):
                    self._add(key, file)
            except FileNotFoundError:
                self._written.files_missing += 1
            progress("files", number)

    def _add_to(self, audits: CsvFile, key: str, file: MediaFile) -> bool:
        if file.name != audit_log.FILE_NAME:
            return False
        try:
            with self._open_blob(file.blob_id) as stream:
                rows = audit_log.read_audit_log(stream, key)
        except audit_log.OtherAuditLog:
            return False
        audits.write_all(rows)
        self._written.files += 1
        return True

    def _add(self, key: str, file: MediaFile) -> None:
        name = self._free_name(key, file)
        if name is None:
            return
        with self._open_blob(file.blob_id) as stream:
            self._archive.add_stream(name, stream, file.size)
        self._names[name.casefold()] = file.blob_id
        self._written.files += 1

    def _free_name(self, key: str, file: MediaFile) -> str | None:
        """Find the name in the zip; None when the very same file is there already."""
        plain = f"media/{safe_file_name(file.name)}"
        apart = f"media/{safe_file_name(key)}/{safe_file_name(file.name)}"
        for name in (plain, apart, *(f"{apart}~{number}" for number in range(2, 1000))):
            taken_by = self._names.get(name.casefold())
            if taken_by == file.blob_id:
                return None
            if taken_by is None:
                self._written.files_apart += name != plain
                return name
        raise ValueError(f"a submission has a thousand files called {file.name!r}")
