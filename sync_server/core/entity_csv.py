"""Read a CSV of entities: made by a person in Excel, downloaded from a list here, or from ODK Central.

Nothing is guessed and nothing is repaired: what is not clear is said with the row, counted as Excel counts them, and
the column. A cell is taken as it is, digits of any kind too; only ids lose the blanks around them.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from sync_server.core.entity_draft import LONGEST
from sync_server.core.entity_event import LABEL
from sync_server.core.storable import is_text

ID_COLUMNS = ("name", "__id", "uuid")
VERSION = "__version"
# What ODK Central's download says beside the properties; it says itself again when the file is taken.
PASSED_OVER = frozenset(("__createdAt", "__creatorId", "__creatorName", "__updates", "__updatedAt"))
LONGEST_LINE = 1_000_000  # bytes: who sends a film by mistake is told so early

_NOT_UTF8 = "it is not in UTF-8. In Excel, save it as 'CSV UTF-8 (Comma delimited)', and upload that file."
_SAVE_AS_CSV = "this is no CSV. In Excel, save it as 'CSV UTF-8 (Comma delimited)', and upload that file."


class NotReadable(Exception):
    """The rest of a file cannot be read. `row` and `column` are as in RowFault."""

    def __init__(self, row: int, reason: str, column: str = "") -> None:
        super().__init__(reason)
        self.fault = RowFault(row, column, reason)


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong, and where: the head is row 1; without a column it is the row itself."""

    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        return (
            f"row {self.row}, column {self.column}: {self.reason}" if self.column else f"row {self.row}: {self.reason}"
        )


@dataclass(frozen=True, slots=True)
class EntityRow:
    """One row. `given_id` and `version` are empty where the file says none."""

    row: int
    given_id: str
    version: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Head:
    """The columns of a file; `at` says where a column stands."""

    columns: tuple[str, ...]
    delimiter: str

    @property
    def id_columns(self) -> list[str]:
        return [name for name in ID_COLUMNS if name in self.columns]

    @property
    def properties(self) -> list[str]:
        known = {LABEL, VERSION, *self.id_columns[:1], *PASSED_OVER}
        return [name for name in self.columns if name and name not in known]


def read_head(file: IO[bytes]) -> Head:
    """Read the columns from the beginning of the file; raise NotReadable."""
    file.seek(0)
    line = next(_lines(file), "")
    delimiter = max((",", ";", "\t"), key=line.count)
    columns = next(_rows(file, delimiter), [])
    if not any(name.strip() for name in columns):
        raise NotReadable(1, "it is empty. The first row must name the columns: name, label, and the properties.")
    while columns and not columns[-1].strip():  # Excel writes the width of the widest row
        columns.pop()
    return Head(tuple(name.strip() for name in columns), delimiter)


def find_head_faults(head: Head, properties: Sequence[str]) -> Iterator[RowFault]:
    """Say what keeps a file with these columns out of a list with these properties."""
    for name in sorted({name for name in head.columns if head.columns.count(name) > 1}):
        yield RowFault(1, name or "without a name", "it is there twice or more; name every column once.")
    for name in head.id_columns[1:]:
        if name not in properties:
            yield RowFault(1, name, f"'{head.id_columns[0]}' holds the id already; take one of them out.")
    if LABEL not in head.columns:
        yield RowFault(1, LABEL, "it is missing. Every entity needs a label: what people see in the form.")
    unknown = [name for name in head.properties if name not in (*properties, *ID_COLUMNS)]
    if unknown:
        yield RowFault(1, ", ".join(unknown[:9]), _unknown(properties))


def _unknown(properties: Sequence[str]) -> str:
    has = ", ".join(properties) if properties else "none"
    return f"the list has no such property; it has: {has}. Is this the file of another list? Else add the property."


def iter_rows(file: IO[bytes], head: Head) -> Iterator[EntityRow | RowFault]:
    """Stream the rows, from the first after the head; empty ones are passed over. What is wrong comes in their place.

    Raises NotReadable where nothing that follows can be read.
    """
    file.seek(0)
    places = {name: place for place, name in enumerate(head.columns)}
    id_column = next(iter(head.id_columns), None)
    said = [name for name in (LABEL, *head.properties) if name in places]
    for number, cells in enumerate(_rows(file, head.delimiter), start=1):
        if number == 1 or not any(cells):
            continue
        if len(cells) < len(places) or any(cells[len(places) :]):
            yield RowFault(number, "", _width(cells, head))
            continue
        yield EntityRow(
            row=number,
            given_id="" if id_column is None else cells[places[id_column]].strip(),
            version=cells[places[VERSION]].strip() if VERSION in places else "",
            values={name: cells[places[name]] for name in said},
        )


def find_cell_faults(row: EntityRow) -> Iterator[RowFault]:
    """Say which cells of a row no entity can have."""
    if not row.values.get(LABEL, "").strip():
        yield RowFault(row.row, LABEL, "it is empty. Every entity needs a label: what people see in the form.")
    if row.version and not (row.version.isascii() and row.version.isdecimal()):
        yield RowFault(row.row, VERSION, f"'{row.version[:20]}' is no whole number; leave it as it was downloaded.")
    for name, value in row.values.items():
        if len(value) > LONGEST:
            yield RowFault(row.row, name, f"it is longer than {LONGEST} characters.")
        elif not is_text(value):
            yield RowFault(row.row, name, "there is a character in it that no text can have; type it anew.")


def _width(cells: Sequence[str], head: Head) -> str:
    return (
        f"it has {len(cells)} cells, and the first row has {len(head.columns)}. "
        f"A cell with '{head.delimiter}' in it must stand in \"quotes\"."
    )


def _rows(file: IO[bytes], delimiter: str) -> Iterator[list[str]]:
    file.seek(0)
    reader = csv.reader(_lines(file), delimiter=delimiter, strict=True)
    number = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise NotReadable(number + 1, "a quote is not closed, or a cell is far too long.") from error
        except NotReadable as error:
            raise NotReadable(number + 1, error.fault.reason) from error
        if row is None:
            return
        number += 1
        yield row


def _lines(file: IO[bytes]) -> Iterator[str]:
    """Decode line by line, so that the row that is not UTF-8 can be named."""
    is_first = True
    while line := file.readline(LONGEST_LINE):
        if is_first and line.startswith(b"PK\x03\x04"):
            raise NotReadable(1, _SAVE_AS_CSV)
        try:
            yield line.decode("utf-8-sig" if is_first else "utf-8")
        except UnicodeDecodeError as error:
            raise NotReadable(1, _NOT_UTF8) from error
        is_first = False
