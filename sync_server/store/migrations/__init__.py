"""Alembic revisions of the database, and how a node applies them when it opens."""

from functools import cache
from pathlib import Path

from alembic.command import upgrade
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text

from sync_server.operator_errors import DatabaseTooNew
from sync_server.store.engine import FEED_LOCK, Database
from sync_server.store.upgrade_copy import forget_old_copies, keep_copy


def migrate(database: Database) -> None:
    """Bring the database to this program's revision; raise DatabaseTooNew when it is ahead of it.

    In one transaction, with a copy of SQLite's file made before: however it ends, the database is the old or the new.
    """
    with database.engine.execution_options(write=True).begin() as connection:
        if not database.is_sqlite:  # several processes may start at once; one of them migrates
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": FEED_LOCK})
        config = _config(connection)
        revision = read_revision(connection)
        if revision is not None and not is_newest(revision) and is_known(revision):
            keep_copy(database, revision)
        if not is_newest(revision):
            _upgrade(config, connection)
    forget_old_copies(database)


def read_revision(connection: Connection) -> str | None:
    """Return the database's revision; None when it has none, as an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def is_newest(revision: str | None) -> bool:
    return revision == _scripts().get_current_head()


def is_known(revision: str) -> bool:
    """Tell whether the revision is one of this program's: one that is not was made by a newer program."""
    return any(script.revision == revision for script in _scripts().walk_revisions())


@cache
def _scripts() -> ScriptDirectory:
    """Read the revisions once: they are part of the program, and half of the time to open a node."""
    return ScriptDirectory(str(Path(__file__).parent))


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def _upgrade(config: Config, connection: Connection) -> None:
    try:
        upgrade(config, "head")
    except CommandError as error:
        raise DatabaseTooNew(revision=read_revision(connection)) from error
