"""A mark of each version, to compare two nodes by ranges; and which submissions lack a file. Both are derived: the
consumers fill them from the feed."""

import sqlalchemy as sa
from alembic import op

from sync_server.store import engine

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "version_marks",
        sa.Column("project_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("place", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("version_id", id, primary_key=True, autoincrement=False),
        sa.Column("form_id", sa.Text(), nullable=False),
        *(sa.Column(f"mark_{part}", sa.BigInteger(), nullable=False) for part in (1, 2, 3, 4)),
        sa.Column("received_at", engine.UtcDateTime(timezone=True), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=True),
        sa.Column("is_edit", sa.Boolean(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("received_by", sa.Text(), nullable=False),
        sa.Column("roots", sa.JSON(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_version_marks_version", "version_marks", ["version_id"])
    op.create_index(
        "ix_version_marks_count", "version_marks",
        ["project_id", "form_id", "device_id", "is_edit", "files", "received_at", "received_by"],
    )  # fmt: skip
    lacks = sa.text("attachments_present < attachments_expected")
    op.create_index(
        "ix_submissions_incomplete", "submissions", ["project_id", "id"], sqlite_where=lacks, postgresql_where=lacks
    )
