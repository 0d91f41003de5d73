"""Open SQLite or PostgreSQL: pragmas, read and write sessions, and every difference between the two.

SQLite: a deferred BEGIN that reads before it writes fails with "locked" under load (729 of 800 writes did), so write
sessions begin IMMEDIATE and the busy timeout is set first. synchronous=FULL because a 201 is a promise. PostgreSQL:
read sessions see one snapshot (REPEATABLE READ), as a SQLite read transaction in WAL mode does.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Text, create_engine, event, literal, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import DateTime, String, TypeDecorator

from sync_server.operator_errors import DatabaseUnusable

FEED_LOCK = 0x53594E43  # any constant: the advisory lock under which the feed's numbers are drawn
WAREHOUSE_LOCK = 0x57415245  # another: that under which segments are published and retired

SQLITE_PRAGMAS = (
    "busy_timeout=30000",  # first: the next ones may have to wait
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "temp_store=MEMORY",  # else every batch opens and unlinks a statement journal
    "secure_delete=ON",  # what is erased must not stay readable in free pages
    "wal_autocheckpoint=8000",  # 32 MB: fewer commits that also carry pages home
    "journal_size_limit=67108864",
    "cache_size=-6000",  # for each connection: a larger one changed nothing but the memory
)


# As many connections as there may be requests at once; an error that is logged must not quote anybody's answers.
POOL: dict[str, Any] = {"pool_size": 8, "max_overflow": 120, "hide_parameters": True}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, always with its zone: timestamptz on PostgreSQL, ISO 8601 text in UTC on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(String(32) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Any) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: Any) -> datetime | None:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        return value.astimezone(UTC) if value else None


class Database:
    """One database: short read sessions on a snapshot, write sessions that never deadlock each other."""

    def __init__(self, url: str) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgresql_engine(url)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session on one snapshot; what it might write is rolled back."""
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with Session(self.engine.execution_options(**options), autoflush=False) as session:
            yield session
            session.rollback()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session that commits when the block ends and rolls back when it raises."""
        with Session(self.engine.execution_options(write=True), autoflush=False) as session, session.begin():
            yield session

    def insert(self, table: Any) -> Any:
        """INSERT that knows ON CONFLICT, in this database's dialect."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def close(self) -> None:
        self.engine.dispose()


def unusable(error: DBAPIError) -> DatabaseUnusable:
    """Say in one line why the database does not serve, without the statement."""
    first, *_ = str(error.orig).splitlines() or [type(error.orig).__name__]
    return DatabaseUnusable(reason=first)


def insert_for(session: Session) -> Any:
    """Return the INSERT construct of the session's database, for ON CONFLICT."""
    return sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert


class by_code(FunctionElement[str]):
    """A text that is ordered by its code points, as Python orders it, not by a language."""

    type = Text()
    inherit_cache = True


@compiles(by_code)
def _as_it_is(element: Any, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(by_code, "postgresql")
def _by_code(element: Any, compiler: Any, **options: Any) -> str:
    return f'({compiler.process(element.clauses, **options)}) COLLATE "C"'


class text_under(FunctionElement[str]):
    """The text under a name of a JSON column; null when there is none.

    SQLite before 3.45 compares names as they were written, and letters beyond ASCII are written as escapes.
    """

    type = Text()
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        super().__init__(column, literal(name, Text()), literal(f"$.{json.dumps(name)}", Text()))


@compiles(text_under)
def _text_under(element: Any, compiler: Any, **options: Any) -> str:
    column, _, path = (compiler.process(clause, **options) for clause in element.clauses)
    return f"json_extract({column}, {path})"


@compiles(text_under, "postgresql")
def _text_under_name(element: Any, compiler: Any, **options: Any) -> str:
    column, name, _ = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({column} ->> {name})"


def lock_feed(session: Session) -> None:
    """Hold the feed until this transaction ends: numbers drawn earlier are committed earlier.

    A reader that follows a bare sequence lost 201 of 480 changes. SQLite has one writer, so holds it already.
    """
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": FEED_LOCK})


def lock_warehouse(session: Session) -> None:
    """Hold the warehouse's manifest until this transaction ends."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WAREHOUSE_LOCK})


def _postgresql_engine(url: str) -> Engine:
    # Whatever the server's default: an answered upload must survive a crash of the database.
    options = "-c synchronous_commit=on -c timezone=UTC"
    return create_engine(url, connect_args={"options": options}, **POOL)


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 30}, **POOL)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _set_pragmas(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin by itself
    cursor = connection.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Any) -> None:
    is_write = connection.get_execution_options().get("write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")
