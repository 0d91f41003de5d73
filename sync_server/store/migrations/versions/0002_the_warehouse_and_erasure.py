"""The warehouse's manifest, review states, and what keeps erased content from coming back."""

import sqlalchemy as sa
from alembic import op

from sync_server.store import engine

revision = "0002"
down_revision = "0001"


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("submission_versions", sa.Column("redacted_sha256", sa.Text(), nullable=True))
    op.add_column("submissions", sa.Column("review_state", sa.Text(), nullable=True))
    op.create_index(
        "ix_submissions_held", "submissions", ["project_id", "form_id"],
        sqlite_where=sa.text("is_held = 1"), postgresql_where=sa.text("is_held"),
    )  # fmt: skip
    op.execute("UPDATE submissions SET review_state = 'edited' WHERE edits > 0")  # nobody could review one before
    _add_erasure()
    _add_warehouse()


def _add_erasure() -> None:
    op.create_index("ix_decisions_about", "decisions", ["subject"])
    op.create_index("ix_decisions_kind", "decisions", ["kind"])
    op.create_table(
        "erased_versions",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("form_id", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("received_at", engine.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("project_id", "sha256", "decision_id"),
    )
    op.create_table(
        "erased_instances",
        sa.Column("id", _id(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("project_id", "form_id", "instance_id", "decision_id"),
    )
    op.create_index("ix_erased_instances_instance", "erased_instances", ["instance_id"])
    op.create_table(
        "erasure_tasks",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", "step", "key"),
    )
    op.create_table(
        "blocked_uploads",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("received_at", engine.UtcDateTime(timezone=True), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=True),
        sa.Column("actor_id", _id(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )


def _add_warehouse() -> None:
    op.create_table(
        "warehouse_layouts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "warehouse_segments",
        sa.Column("id", _id(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.Text(), nullable=False),
        sa.Column("layout_id", sa.Text(), nullable=False),
        sa.Column("newest", engine.UtcDateTime(timezone=True), nullable=False),
        sa.Column("newest_root", sa.Text(), nullable=False),
        sa.Column("oldest", engine.UtcDateTime(timezone=True), nullable=False),
        sa.Column("oldest_root", sa.Text(), nullable=False),
        sa.Column("submissions", sa.Integer(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("deleted", sa.LargeBinary(), nullable=False),
        sa.Column("live", sa.JSON(), nullable=False),
        sa.Column("has_strangers", sa.Boolean(), nullable=False),
        sa.Column("stale", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_warehouse_segments_form", "warehouse_segments", ["project_id", "form_id"])
    op.create_table(
        "warehouse_places",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.Text(), nullable=False),
        sa.Column("root_id", sa.Text(), nullable=False),
        sa.Column("segment_id", _id(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "form_id", "root_id"),
    )
    op.create_index("ix_warehouse_places_segment", "warehouse_places", ["segment_id"])
    op.create_table(
        "warehouse_retired",
        sa.Column("blob_id", sa.Text(), nullable=False),
        sa.Column("retired_at", engine.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("blob_id"),
    )
