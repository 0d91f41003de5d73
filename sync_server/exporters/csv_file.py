"""Write one CSV file as ODK Central does: what reads Central's files reads these.

UTF-8 without byte order mark, lines ended by LF, quotes only where needed. A cell that begins with "=" is written as
it is: the answer is not ours to change.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO


class CsvFile:
    """A CSV file being written; closed when the block ends."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self.path = path
        self.rows = 0
        self._file: TextIO = path.open("w", encoding="utf-8", newline="")
        self._plain: Any = csv.writer(self._file, lineterminator="\n")
        self._quoted: Any = csv.writer(self._file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        self._plain.writerow(header)

    def write_all(self, rows: Iterable[Sequence[str]]) -> None:
        for row in rows:
            # Python leaves a lone carriage return unquoted when lines end in LF; readers would break the row there.
            writer = self._quoted if "\r" in "".join(row) else self._plain
            writer.writerow(row)
            self.rows += 1

    def __enter__(self) -> "CsvFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
