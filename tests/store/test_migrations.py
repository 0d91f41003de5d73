"""The revisions make exactly the tables of the code, on both databases."""

import sqlite3
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from sync_server.core.roles import ADMIN, APP_USER, DATA_COLLECTOR
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.store import accounts, assignments
from sync_server.store.tables import metadata
from tests.store.test_samples import SAMPLES, unpack


def test_the_revisions_and_the_tables_agree(node: Node) -> None:
    with node.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_people_and_tablets_of_the_first_version_keep_what_they_could_do(tmp_path: Path) -> None:
    settings = unpack(SAMPLES[0], tmp_path)
    with sqlite3.connect(settings.data / "sync.db") as database:
        for number, name, is_administrator in ((71, "alice", 1), (72, "bob", 0)):
            database.execute(
                "INSERT INTO actors VALUES (?, 'user', ?, '2026-11-22T09:00:00+00:00', NULL)", (number, name)
            )
            database.execute("INSERT INTO users VALUES (?, ?, 'hash', NULL, ?)", (number, name, is_administrator))
    database.close()
    with Node.open(settings) as node, node.database.read() as session:
        (tablet,) = accounts.iter_app_users(session)
        assert assignments.find_grants(session, 71) == (Grant(ADMIN),)
        assert assignments.find_grants(session, 72) == (Grant(DATA_COLLECTOR, 1),)
        assert assignments.find_grants(session, tablet.id) == (Grant(APP_USER, 1),)
        assert accounts.get_actor(session, 71).is_administrator
        assert not accounts.get_actor(session, 72).is_administrator
