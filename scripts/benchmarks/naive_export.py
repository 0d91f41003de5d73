"""Export as it is done without a warehouse: fold every submission from its raw XML, write CSV, zip it.

What the ratios of `scripts/bench export` are against: plain Python over the same rows and the same layout, in one
process, with nothing kept from one export to the next.
"""

from __future__ import annotations

import csv
import json
import sys
import time
import zipfile
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import peak_mb
from benchmarks.meetings import FORM_ID
from sync_server.core.merged_document import merged_document
from sync_server.core.rows import RowMetadata, make_rows
from sync_server.core.table_schema import TableSchema, build_table_schema
from sync_server.node import Node
from sync_server.services.form_definitions import get_definition
from sync_server.settings import Settings
from sync_server.store import forms, submission_reads
from sync_server.store.submission_reads import StoredSubmission


def export(node: Node, folder: Path) -> int:
    """Write the zip; return the number of rows."""
    rows = 0
    with node.database.read() as session, ExitStack() as files:
        versions = forms.iter_versions(session, 1, FORM_ID)
        schema = build_table_schema([get_definition(session, version).fields for version in versions])
        paths = [folder / f"{number}.csv" for number, _ in enumerate(schema.tables)]
        opened = (files.enter_context(path.open("w", newline="", encoding="utf-8")) for path in paths)
        writers = [csv.writer(file) for file in opened]
        for table, writer in zip(schema.tables, writers, strict=True):
            writer.writerow(table.header)
        for submission in submission_reads.iter_submissions(session, 1, FORM_ID):
            for writer, made in zip(writers, _rows(schema, submission), strict=True):
                writer.writerows(made)
                rows += len(made)
    with zipfile.ZipFile(folder / "export.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for path in paths:
            packed.write(path, path.name)
    return rows


def _rows(schema: TableSchema, submission: StoredSubmission) -> list[list[list[str]]]:
    document = merged_document(submission.state, submission.xml.__getitem__)
    return make_rows(schema, document, RowMetadata(submission.root_id, submission.first_received_at)).tables


def main() -> None:
    with Node.open(Settings(data=Path(sys.argv[1]))) as node, TemporaryDirectory(dir=node.scratch) as folder:
        began = time.perf_counter()
        rows = export(node, Path(folder))
        seconds = round(time.perf_counter() - began, 2)
    print(json.dumps({"rows": rows, "seconds": seconds, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
