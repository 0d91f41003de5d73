"""Leave nothing of what was deleted in the database's own files.

SQLite overwrites what it deletes (secure_delete), but a page that was once rebuilt can keep the old copy of a row that
has moved since. Only writing the file anew, and then emptying the log, leaves nothing. PostgreSQL keeps dead rows in
their pages until the table is written anew; its write-ahead log, and an archive of it, go by their own rules.
"""

import sqlite3
from contextlib import closing

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sync_server.store.engine import Database
from sync_server.store.upgrade_copy import remove_copies

WAIT_MILLISECONDS = 30_000
TABLES = (
    "submission_versions",
    "submission_attachments",
    "awaited_files",
    "receipts",
    "submissions",
    "entity_actions",
    "entities",
    "decisions",
    "parked_changes",
    "unreadable_uploads",
)


class NotScrubbed(Exception):
    """A reader holds the log; nothing is lost, it has to be done again."""


def scrub(database: Database) -> None:
    """Write the database anew without what was deleted; raise NotScrubbed or a database error when it cannot be."""
    remove_copies(database)
    remove_copies(database)
    if database.is_sqlite:
        _scrub_sqlite(str(database.engine.url.database))
    else:
        _scrub_postgresql(database)


def _scrub_sqlite(file: str) -> None:
    try:
        with closing(sqlite3.connect(file, timeout=WAIT_MILLISECONDS / 1000, isolation_level=None)) as connection:
            connection.execute("PRAGMA temp_store=FILE")  # the whole database would not fit into memory
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute("VACUUM")
            busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:
        raise NotScrubbed from error
    if busy:
        raise NotScrubbed


def _scrub_postgresql(database: Database) -> None:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in TABLES:
            connection.execute(text(f"VACUUM FULL {table}"))
        try:
            connection.execute(text("CHECKPOINT"))
        except DBAPIError:  # only who may do it: the server does it by itself within minutes
            connection.rollback()
