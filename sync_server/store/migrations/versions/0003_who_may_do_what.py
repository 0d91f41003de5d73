"""Roles of people and tablets, their secrets and preferences, projects' keys, and the audit log.

Everybody keeps what they could do: administrators become administrators of the site, other accounts data collectors in
every project, and tablets app users of their whole project.
"""

import sqlalchemy as sa
from alembic import op

from sync_server.store import engine

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _widen()
    _add_accounts()
    _add_secrets()
    _add_notes()
    _add_site()
    _assign()
    op.drop_column("users", "is_administrator")


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, engine.UtcDateTime(timezone=True), nullable=nullable)


def _actor() -> sa.Column[int]:
    return sa.Column("actor_id", _id(), sa.ForeignKey("actors.id"), nullable=False)


def _project() -> sa.Column[int]:
    return sa.Column("project_id", sa.Integer(), sa.ForeignKey("projects.id"), nullable=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _widen() -> None:
    op.add_column("actors", sa.Column("created_by", _id(), nullable=True))
    op.add_column("actors", _moment("updated_at", nullable=True))
    op.add_column("users", _moment("last_sign_in_at", nullable=True))
    op.add_column("projects", _text("description", nullable=True))
    op.add_column("projects", sa.Column("key_id", sa.Integer(), nullable=True))
    for name in ("created_at", "updated_at", "deleted_at"):
        op.add_column("projects", _moment(name, nullable=True))
    op.add_column("receipts", _text("held_for", nullable=True))


def _add_accounts() -> None:
    op.create_table(
        "assignments",
        _actor(),
        sa.Column("role_id", sa.Integer(), autoincrement=False, nullable=False),
        _text("actee"),
        sa.Column("project_id", sa.Integer(), sa.ForeignKey("projects.id"), nullable=True),
        _text("form_id", nullable=True),
        _text("rows", nullable=True),
        _text("level", nullable=True),
        _moment("granted_at"),
        sa.Column("granted_by", _id(), nullable=True),
        sa.PrimaryKeyConstraint("actor_id", "role_id", "actee"),
    )
    op.create_index("ix_assignments_project", "assignments", ["project_id", "form_id"])
    op.create_table(
        "public_links",
        _actor(),
        _project(),
        _text("form_id"),
        sa.Column("once", sa.Boolean(), nullable=False),
        _text("token_hash"),
        sa.Column("token_sealed", sa.LargeBinary(), nullable=False),
        _moment("created_at"),
        _moment("revoked_at", nullable=True),
        _moment("last_used_at", nullable=True),
        sa.PrimaryKeyConstraint("actor_id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index("ix_public_links_form", "public_links", ["project_id", "form_id"])


def _add_secrets() -> None:
    op.create_table(
        "user_secrets",
        _actor(),
        sa.Column("totp_sealed", sa.LargeBinary(), nullable=False),
        _moment("confirmed_at", nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("recovery_hashes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("actor_id"),
    )
    op.create_table(
        "reset_tokens",
        _text("token_hash"),
        _actor(),
        sa.Column("created_by", _id(), nullable=True),
        _moment("created_at"),
        _moment("expires_at"),
        _moment("used_at", nullable=True),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("ix_reset_tokens_actor", "reset_tokens", ["actor_id"])


def _add_notes() -> None:
    op.create_table(
        "user_preferences",
        _actor(),
        sa.Column("project_id", sa.Integer(), autoincrement=False, nullable=False),
        _text("name"),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("actor_id", "project_id", "name"),
    )
    op.create_table(
        "actor_properties",
        _project(),
        _text("name"),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("project_id", "name"),
    )
    op.create_table(
        "actor_property_values",
        _actor(),
        _text("name"),
        _text("value"),
        sa.PrimaryKeyConstraint("actor_id", "name"),
    )


def _add_site() -> None:
    op.create_table(
        "project_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        _project(),
        _text("public_key"),
        sa.Column("private_sealed", sa.JSON(), nullable=False),
        _text("hint", nullable=True),
        _moment("created_at"),
        sa.Column("created_by", _id(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "config",
        _text("key"),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=True),
        _text("blob_type", nullable=True),
        _moment("set_at"),
        sa.Column("set_by", _id(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "audits",
        sa.Column("id", _id(), nullable=False),
        _text("action"),
        sa.Column("actor_id", _id(), nullable=True),
        _text("actee", nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        _text("notes", nullable=True),
        _moment("logged_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    for column, name in (("action", "action"), ("logged_at", "logged"), ("actee", "actee")):
        op.create_index(f"ix_audits_{name}", "audits", [column])


def _assign() -> None:
    """Say in assignments what was so without them, as of the day each account was made."""
    for statement in (_ADMINISTRATORS, _DATA_COLLECTORS, _APP_USERS):
        op.execute(statement)


_ADMINISTRATORS = """
INSERT INTO assignments (actor_id, role_id, actee, granted_at)
SELECT actors.id, 1, '*', actors.created_at FROM users JOIN actors ON actors.id = users.actor_id
WHERE actors.deleted_at IS NULL AND users.is_administrator
"""
_DATA_COLLECTORS = """
INSERT INTO assignments (actor_id, role_id, actee, project_id, granted_at)
SELECT actors.id, 8, 'project:' || projects.id, projects.id, actors.created_at
FROM users JOIN actors ON actors.id = users.actor_id CROSS JOIN projects
WHERE actors.deleted_at IS NULL AND NOT users.is_administrator
"""
_APP_USERS = """
INSERT INTO assignments (actor_id, role_id, actee, project_id, granted_at)
SELECT actors.id, 2, 'project:' || app_users.project_id, app_users.project_id, actors.created_at
FROM app_users JOIN actors ON actors.id = app_users.actor_id WHERE actors.deleted_at IS NULL
"""
