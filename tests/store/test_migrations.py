"""The revisions make exactly the tables of the code, on both databases."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from sync_server.node import Node
from sync_server.store.tables import metadata


def test_the_revisions_and_the_tables_agree(node: Node) -> None:
    with node.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
