"""Alembic revisions of the database, and how a node applies them when it opens."""

from pathlib import Path

from alembic.command import upgrade
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text

from sync_server.errors import DatabaseTooNew
from sync_server.store.engine import FEED_LOCK, Database


def migrate(database: Database) -> None:
    """Bring the database to this program's revision; raise DatabaseTooNew when it is ahead of it."""
    with database.engine.execution_options(write=True).begin() as connection:
        if not database.is_sqlite:  # several processes may start at once; one of them migrates
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": FEED_LOCK})
        config = _config(connection)
        if current_revision(connection) != ScriptDirectory.from_config(config).get_current_head():
            _upgrade(config, connection)


def current_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def _upgrade(config: Config, connection: Connection) -> None:
    try:
        upgrade(config, "head")
    except CommandError as error:
        raise DatabaseTooNew(revision=current_revision(connection)) from error
