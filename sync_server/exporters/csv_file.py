"""Write one CSV file row by row."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TextIO

from sync_server.exporters.csv_text import csv_line


class CsvFile:
    """A CSV file being written; closed when the block ends."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self.path = path
        self.rows = 0
        self._file: TextIO = path.open("w", encoding="utf-8", newline="")
        self._file.write(csv_line(header))

    def write_all(self, rows: Iterable[Sequence[str]]) -> None:
        for row in rows:
            self._file.write(csv_line(row))
            self.rows += 1

    def __enter__(self) -> "CsvFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
