"""Alembic's entry: run the revisions on the connection that `migrate` gives."""

from alembic import context

from sync_server.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, user_module_prefix="engine.")
context.run_migrations()
