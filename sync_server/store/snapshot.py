"""Take a snapshot of the whole database while others write: what a back-up is made of.

SQLite: its own online back-up, in one step, into a file beside; a page stays where it was, so that most pieces equal
those of the snapshot before. PostgreSQL: pg_dump on an exported snapshot. Either way the session given with it reads
the very same state, so that counts and digests are those of the back-up and not of a moment later.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from sqlalchemy import inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from sync_server.store import postgresql_tools
from sync_server.store.engine import Database

SQLITE, POSTGRESQL = "sqlite", "postgresql"
PIECES = {SQLITE: 1 << 18, POSTGRESQL: 1 << 22}  # small where most pieces recur, large where none does
CLAIM = 0x53594E44  # any constant: the advisory lock of who makes the scheduled back-up


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of the database: a session that reads it, and its bytes in pieces, both until the block ends."""

    engine: str
    session: Session
    pieces: Callable[[], Iterator[bytes]]


@contextmanager
def take_snapshot(database: Database, scratch: Path) -> Iterator[Snapshot]:
    taken = _take_sqlite(database, scratch) if database.is_sqlite else _take_postgresql(database)
    with taken as snapshot:
        yield snapshot


@contextmanager
def claim(database: Database, key: int = CLAIM) -> Iterator[bool]:
    """Let one process do a scheduled work, such as the back-up: False where another is at it. SQLite has one."""
    if database.is_sqlite:
        yield True
        return
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        is_ours = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}))
        try:
            yield is_ours
        finally:
            if is_ours:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})


def is_empty(url: str) -> bool:
    """Whether no node has ever used this database."""
    with closing(Database(url)) as database:
        return not inspect(database.engine).has_table("node")


@contextmanager
def scratch_database(url: str) -> Iterator[str]:
    """Make an empty database beside the one of `url`; give its address; drop it in the end."""
    name = f"sync_server_proof_{uuid4().hex}"
    with closing(Database(url)) as beside:
        _run_alone(beside, f"CREATE DATABASE {name}")
        try:
            yield make_url(url).set(database=name).render_as_string(hide_password=False)
        finally:
            _run_alone(beside, f"DROP DATABASE {name} WITH (FORCE)")


def _run_alone(database: Database, statement: str) -> None:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))


@contextmanager
def _take_sqlite(database: Database, scratch: Path) -> Iterator[Snapshot]:
    file = scratch / "snapshot.db"
    _copy_sqlite(database, file)
    with closing(Database(f"sqlite:///{file.as_posix()}")) as copied, copied.read() as session:
        yield Snapshot(SQLITE, session, lambda: _cut(file))


def _copy_sqlite(database: Database, file: Path) -> None:
    connection = database.engine.raw_connection()
    try:
        source = connection.driver_connection
        assert isinstance(source, sqlite3.Connection)
        with closing(sqlite3.connect(file)) as target:
            source.backup(target)  # in one step: writers go on, and it never has to begin again because of them
    finally:
        connection.close()


def _cut(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        yield from iter(lambda: stream.read(PIECES[SQLITE]), b"")


@contextmanager
def _take_postgresql(database: Database) -> Iterator[Snapshot]:
    postgresql_tools.require_tools(database.engine)
    with database.read() as session:
        name = str(session.scalar(text("SELECT pg_export_snapshot()")))
        url = database.engine.url
        yield Snapshot(POSTGRESQL, session, lambda: postgresql_tools.dump(url, name, piece=PIECES[POSTGRESQL]))
