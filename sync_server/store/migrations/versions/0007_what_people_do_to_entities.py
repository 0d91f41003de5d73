"""Entities that people change: settings of lists, who made what, properties beside the state. All of it is derived.

The tables are made anew and filled from the feed, as after `sync-server rebuild`. What this node has taken of other
nodes' feeds is gone through once more, by asking first: the program of before took no decision about an entity.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from sync_server.store import engine

revision = "0007"
down_revision = "0006"
BEGIN_ANEW = "UPDATE peer_cursors SET scope_hash = scope_hash || ' before entities'"


def upgrade() -> None:
    _add_lists()
    _add_actors()
    _add_entities()
    op.execute(sa.text("DELETE FROM checkpoints WHERE consumer = 'entities'"))
    op.execute(sa.text(BEGIN_ANEW))


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _key(*texts: str) -> list[sa.Column[Any]]:
    number = sa.Column("project_id", sa.Integer(), primary_key=True, autoincrement=False)
    return [number, *(sa.Column(name, sa.Text(), primary_key=True) for name in texts)]


def _add_lists() -> None:
    op.drop_table("entity_lists")
    op.create_table(
        "entity_lists",
        *_key("name"),
        *(_json(name) for name in ("properties", "rules", "settings", "tags", "levels")),
        sa.Column("served", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("owners", sa.Text(), nullable=False),
    )


def _add_actors() -> None:
    op.execute(sa.text("DELETE FROM entity_actions"))
    op.add_column("entity_actions", sa.Column("author_id", sa.Integer()))


def _add_entities() -> None:
    op.drop_table("entities")
    op.create_table(
        "entities",
        *_key("list_name", "entity_id"),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Boolean(), nullable=False)
            for name in ("is_served", "is_deleted", "has_conflict", "is_waiting")
        ),
        sa.Column("data", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        _json("state"),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("created_at", engine.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", engine.UtcDateTime(timezone=True), nullable=False),
        sa.Column("creator_id", sa.Integer()),
        sa.Column("updater_id", sa.Integer()),
    )
    page = ["project_id", "list_name", "created_at", "entity_id", "is_served"]
    op.create_index("ix_entities_created", "entities", page)
    op.create_index(
        "ix_entities_conflict",
        "entities",
        ["project_id", "list_name"],
        sqlite_where=sa.text("has_conflict = 1"),
        postgresql_where=sa.text("has_conflict"),
    )
