"""What every check is given: the settings, the time, and the database when it can be read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from sync_server.settings import Settings
from sync_server.store.engine import Database, unusable
from sync_server.store.inspection import Age, ReadOnlyDatabase, find_file


@dataclass(frozen=True, slots=True)
class Scene:
    """`database` is None where checks must do without: it is away, locked, empty, or of another version."""

    settings: Settings
    now: datetime
    database: Database | None = None
    age: Age = Age.EMPTY
    revision: str = ""
    trouble: str = ""


@contextmanager
def arrive(settings: Settings, now: datetime) -> Iterator[Scene]:
    """Open what can be opened, for reading only; close it at the end."""
    if settings.is_sqlite and not find_file(settings.effective_database_url).is_file():
        yield Scene(settings, now)
        return
    database = ReadOnlyDatabase(settings.effective_database_url)
    try:
        yield _scene(settings, now, database)
    finally:
        database.close()


def _scene(settings: Settings, now: datetime, database: ReadOnlyDatabase) -> Scene:
    try:
        age, revision = database.read_age()
    except DBAPIError as error:
        return Scene(settings, now, trouble=str(unusable(error).details["reason"]))
    return Scene(settings, now, database if age is Age.CURRENT else None, age, revision)
