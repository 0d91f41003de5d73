"""Entities: lists, what submissions do to them, what each entity has come to. All of it is derived."""

import sqlalchemy as sa
from alembic import op

from sync_server.store import engine

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    _add_lists()
    _add_actions()
    _add_entities()


def _text(name: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable, primary_key=primary_key)


def _number(name: str, *, primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, primary_key=primary_key, autoincrement=False)


def _claim(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, engine.UtcDateTime(timezone=True), nullable=False)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _add_lists() -> None:
    op.create_table(
        "entity_lists",
        _number("project_id", primary_key=True),
        _text("name", primary_key=True),
        _json("properties"),
        _json("rules"),
        _number("served"),
        _text("digest"),
    )


def _add_actions() -> None:
    op.create_table(
        "entity_actions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        _number("project_id"),
        *(_text(name) for name in ("form_id", "root_id", "place", "list_name", "entity_id", "event_id", "kind")),
        _json("given"),
        sa.Column("base", sa.BigInteger()),
        sa.Column("trunk", sa.BigInteger()),
        _text("branch", nullable=True),
        _number("facts"),
        _text("failure", nullable=True),
        _moment("received_at"),
    )
    has_failed = sa.text("failure IS NOT NULL")
    op.create_index("ix_entity_actions_source", "entity_actions", ["root_id"])
    op.create_index("ix_entity_actions_entity", "entity_actions", ["project_id", "list_name", "entity_id"])
    op.create_index(
        "ix_entity_actions_failed",
        "entity_actions",
        ["project_id", "form_id"],
        sqlite_where=has_failed,
        postgresql_where=has_failed,
    )


def _add_entities() -> None:
    op.create_table(
        "entities",
        _number("project_id", primary_key=True),
        _text("list_name", primary_key=True),
        _text("entity_id", primary_key=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        _text("label"),
        *(_claim(name) for name in ("is_served", "is_deleted", "has_conflict", "is_waiting")),
        _json("state"),
        _text("fingerprint"),
        _moment("created_at"),
        _moment("updated_at"),
    )
