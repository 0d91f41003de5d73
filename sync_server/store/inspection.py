"""Open a database to look at it: nothing is made, migrated, locked for long, or written.

`Database` sets pragmas and so may write; a node that opens migrates. Whoever examines a node that may be running, ill
or of another version must do neither. A SQLite file beside which there is no -wal is open nowhere, so it is read as
immutable: else SQLite would leave a -wal and a -shm behind.
"""

import sqlite3
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.pool import NullPool

from sync_server.store.engine import Database
from sync_server.store.migrations import is_known, is_newest, read_revision

BUSY_SECONDS = 3
STATEMENT_SECONDS = 60


class Age(StrEnum):
    """How old a database's layout is, as seen from this program."""

    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"
    EMPTY = "empty"


class ReadOnlyDatabase(Database):
    """One database whose sessions can read only."""

    def __init__(self, url: str) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self.engine = _sqlite_engine(find_file(url)) if self.is_sqlite else _postgresql_engine(url)

    def read_age(self) -> tuple[Age, str]:
        """Compare the database's revision with this program's; return it as well, empty when there is none."""
        with self.engine.connect() as connection:
            revision = read_revision(connection)
        if revision is None:
            return Age.EMPTY, ""
        if is_newest(revision):
            return Age.CURRENT, revision
        return (Age.OLDER if is_known(revision) else Age.NEWER), revision


def find_file(url: str) -> Path:
    """Return the file of a SQLite address, which may itself be written as file:…?options."""
    name = make_url(url).database or ""
    return Path(name.removeprefix("file:").partition("?")[0] if name.startswith("file:") else name)


def _postgresql_engine(url: str) -> Engine:
    options = f"-c default_transaction_read_only=on -c statement_timeout={STATEMENT_SECONDS}s -c timezone=UTC"
    arguments: dict[str, Any] = {"options": options, "connect_timeout": BUSY_SECONDS}
    return create_engine(url, connect_args=arguments, poolclass=NullPool, hide_parameters=True)


def _sqlite_engine(file: Path) -> Engine:
    engine = create_engine("sqlite://", creator=lambda: _connect(file), poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _connect(file: Path) -> sqlite3.Connection:
    is_open_somewhere = file.with_name(f"{file.name}-wal").exists()
    how = "mode=ro" if is_open_somewhere else "mode=ro&immutable=1"
    return sqlite3.connect(f"{file.absolute().as_uri()}?{how}", uri=True, timeout=BUSY_SECONDS, isolation_level=None)
