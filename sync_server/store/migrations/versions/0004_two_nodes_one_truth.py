"""Peers: who they are, how far each has come, what is on its way; names of projects, people and receipts that hold
on every node.

Everything that is here was made here: a column `node` or `home` without a value says so.
"""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from sync_server.store import engine

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _name_everybody()
    op.add_column("projects", _text("home", nullable=True))
    op.add_column("receipts", _text("node", nullable=True))
    _add_what_homes_say()
    op.create_index("ix_receipts_actor", "receipts", ["actor_id"])
    _add_peers()
    _add_progress()
    _add_rounds()
    _add_what_is_on_its_way()


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, engine.UtcDateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable, primary_key=primary_key)


def _number(name: str, *, large: bool = False, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger() if large else sa.Integer(), nullable=nullable)


def _bytes(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def _json(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), nullable=nullable)


def _peer(*, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column("peer_id", sa.Text(), sa.ForeignKey("peers.id"), nullable=False, primary_key=primary_key)


def _name_everybody() -> None:
    op.add_column("actors", _text("uid", nullable=True))
    op.add_column("actors", _text("node", nullable=True))
    connection = op.get_bind()
    for (id,) in connection.execute(sa.text("SELECT id FROM actors")).all():
        connection.execute(sa.text("UPDATE actors SET uid = :uid WHERE id = :id"), {"uid": uuid4().hex, "id": id})
    op.create_index("ix_actors_uid", "actors", ["uid"], unique=True)


def _add_what_homes_say() -> None:
    op.add_column("users", _text("home_password_hash", nullable=True))
    op.add_column("assignments", _text("node", nullable=True))
    op.add_column("forms", sa.Column("wanted_version_id", _id()))
    given = sa.text("kind = 'assignment'")
    op.create_index("ix_changes_assignments", "changes", ["key"], sqlite_where=given, postgresql_where=given)


def _add_peers() -> None:
    op.create_table(
        "peers",
        _text("id", primary_key=True),
        sa.Column("actor_id", _id(), sa.ForeignKey("actors.id"), nullable=False, unique=True),
        _text("side"),
        _text("name"),
        _bytes("public_key"),
        _text("url", nullable=True),
        _json("predecessors"),
        _text("state"),
        _text("state_reason"),
        _moment("paired_at"),
        _moment("ended_at", nullable=True),
        _json("epochs"),
        _text("ticket", nullable=True),
        _text("ticket_epoch", nullable=True),
        _text("scope_hash", nullable=True),
        _number("echo_floor", large=True),
        _moment("seen_at", nullable=True),
        _text("program", nullable=True),
        sa.Column("clock_offset_seconds", sa.Float()),
    )
    op.create_table(
        "peer_offers",
        _text("id", primary_key=True),
        _text("name"),
        _bytes("secret_sealed"),
        _json("scope"),
        _text("replaces", nullable=True),
        _moment("created_at"),
        sa.Column("created_by", _id()),
        _moment("expires_at"),
        _moment("used_at", nullable=True),
        _text("used_by", nullable=True),
        _number("wrong"),
    )
    op.create_table(
        "known_nodes", _text("id", primary_key=True), _text("name"), _bytes("public_key"), _text("vouched_by")
    )


def _add_progress() -> None:
    op.create_table(
        "peer_cursors",
        _peer(primary_key=True),
        _text("epoch", primary_key=True),
        _text("scope_hash", primary_key=True),
        _number("seq", large=True),
        _moment("moved_at"),
    )
    op.create_table(
        "peer_subjects",
        _peer(primary_key=True),
        sa.Column("project_id", sa.Integer(), primary_key=True, autoincrement=False),
        _text("form_id", primary_key=True),
        _text("root_id", primary_key=True),
        _number("entered_seq", large=True),
        _text("scope_hash"),
    )
    op.create_table(
        "peer_withdrawals",
        _text("id", primary_key=True),
        _peer(),
        _number("project_id"),
        _text("form_id"),
        _text("root_id"),
        _text("direction"),
        _moment("ordered_at"),
        _moment("done_at", nullable=True),
        _json("receipt", nullable=True),
    )
    op.create_index("ix_peer_withdrawals_peer", "peer_withdrawals", ["peer_id", "direction"])
    op.create_table(
        "peer_refusals",
        _peer(primary_key=True),
        _text("direction", primary_key=True),
        _text("item", primary_key=True),
        _text("reason"),
        _moment("refused_at"),
    )


def _add_rounds() -> None:
    op.create_table(
        "peer_rounds",
        _peer(primary_key=True),
        _text("told_epoch", nullable=True),
        _number("told_seq", large=True),
        _number("files_there"),
        _moment("tried_at", nullable=True),
        _moment("succeeded_at", nullable=True),
        _moment("failed_at", nullable=True),
        _text("error", nullable=True),
        _json("error_details", nullable=True),
        _number("failures"),
        _moment("wanted_at", nullable=True),
        _text("busy_token", nullable=True),
        _moment("busy_until", nullable=True),
        _json("progress", nullable=True),
        _json("asking", nullable=True),
    )


def _add_what_is_on_its_way() -> None:
    op.create_table(
        "awaited_files",
        _peer(primary_key=True),
        _text("owner", primary_key=True),
        sa.Column("version_id", _id(), primary_key=True, autoincrement=False),
        _text("name", primary_key=True),
        _text("sha256", primary_key=True),
        _number("size", large=True),
        _text("type"),
        _text("md5", nullable=True),
        _moment("updated_at", nullable=True),
        _number("wrong"),
    )
    op.create_index("ix_awaited_files_sha256", "awaited_files", ["sha256"])
    op.create_index("ix_awaited_files_version", "awaited_files", ["owner", "version_id"])
    op.create_table(
        "decision_seals",
        _text("decision_id", primary_key=True),
        _bytes("salt", nullable=True),
        _text("words_sha256"),
        _bytes("signature"),
    )
    op.create_table(
        "form_variants",
        sa.Column("id", _id(), primary_key=True),
        _number("project_id"),
        _text("form_id"),
        _text("version"),
        _text("sha256"),
        _text("title"),
        _bytes("xml"),
        _text("source_name", nullable=True),
        _bytes("source", nullable=True),
        _text("node"),
        _moment("noticed_at"),
        _moment("settled_at", nullable=True),
        sa.Column("settled_by", _id()),
    )
    op.create_index(
        "ix_form_variants_form", "form_variants", ["project_id", "form_id", "version", "sha256"], unique=True
    )
