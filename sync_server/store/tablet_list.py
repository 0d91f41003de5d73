"""Read the list that ODK Collect keeps of its instances: `metadata/instances.db`, SQLite, from somebody's tablet.

It is a stranger's database, perhaps half-copied: only a copy of it is opened, only the one table is read, and neither
a row nor all of them can take up much.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from sync_server.core.collect_folder import standing_of

LARGEST_LIST = 500_000_000  # bytes; ten thousand instances take three million
LONGEST_TEXT = 1_000_000  # characters of one value
MOST_ROWS = 1_000_000
_STEPS, _MOST_TIMES = 100_000, 50_000  # of SQLite's machine: a minute or so, then it is no list
_JOURNAL_END = bytes.fromhex("d9d505f920a163d7")


class ListUnreadable(Exception):
    """The list cannot be read; says why."""


@dataclass(frozen=True, slots=True)
class ListedInstance:
    """What the tablet says of one instance: its folder and file, its form, how it stands."""

    folder: str
    file: str
    form_id: str
    status: str
    standing: str
    saved_at: datetime | None


def read_list(path: Path, scratch: Path, open_file: Callable[[Path], BinaryIO]) -> dict[str, ListedInstance]:
    """Copy the list into `scratch` and read it there; return the instances by folder. Raises ListUnreadable."""
    try:
        copied = _copy(path, scratch, open_file)
        with closing(sqlite3.connect(copied)) as connection:
            _restrain(connection)
            return {row.folder: row for row in _rows(connection)}
    except (OSError, sqlite3.Error) as error:
        raise ListUnreadable(getattr(error, "strerror", None) or str(error)) from error


def _copy(path: Path, scratch: Path, open_file: Callable[[Path], BinaryIO]) -> Path:
    for ending in ("", "-wal", "-journal"):
        beside = path.with_name(path.name + ending)
        if ending and (not beside.is_file() or (ending == "-journal" and _names_other_files(beside, open_file))):
            continue
        with open_file(beside) as source, (scratch / beside.name).open("wb") as target:
            if source.seek(0, 2) > LARGEST_LIST:
                raise ListUnreadable("it is too large")
            source.seek(0)
            shutil.copyfileobj(source, target)
    return scratch / path.name


def _names_other_files(journal: Path, open_file: Callable[[Path], BinaryIO]) -> bool:
    """Tell whether a journal ends with the name of a further one, which SQLite would delete."""
    with open_file(journal) as file:
        size = file.seek(0, 2)
        file.seek(max(size - len(_JOURNAL_END), 0))
        return file.read() == _JOURNAL_END


def _restrain(connection: sqlite3.Connection) -> None:
    times = iter(range(_MOST_TIMES))
    connection.set_progress_handler(lambda: next(times, None) is None, _STEPS)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_TEXT)
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    connection.execute("PRAGMA trusted_schema = OFF")


def _rows(connection: sqlite3.Connection) -> Iterator[ListedInstance]:
    table = "SELECT 1 FROM sqlite_master WHERE name = 'instances' AND type = 'table' AND rootpage > 0"
    if connection.execute(table).fetchone() is None:
        raise ListUnreadable("it has no table of instances")
    columns = {row[1] for row in connection.execute("PRAGMA table_info(instances)")}
    deleted = "deletedDate" if "deletedDate" in columns else "NULL"  # not before Collect 1.4
    wanted = f"instanceFilePath, jrFormId, status, date, {deleted}"
    query = f"SELECT {wanted} FROM instances ORDER BY _id LIMIT {MOST_ROWS}"  # noqa: S608 constants
    for row in connection.execute(query):
        if found := _listed(*row):
            yield found


def _listed(path: Any, form_id: Any, status: Any, saved: Any, deleted: Any) -> ListedInstance | None:
    """Old versions name the whole path on the tablet, newer ones the part within `instances`."""
    parts = PurePosixPath(str(path)).parts
    if len(parts) < 2:
        return None
    standing = standing_of(str(status), is_deleted=deleted is not None)
    return ListedInstance(parts[-2], parts[-1], str(form_id or ""), str(status), standing, _moment(saved))


def _moment(milliseconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
