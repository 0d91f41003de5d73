"""Every table: what was received or decided, the feed, and what is derived from both.

Received and decided rows are only ever added. Derived tables (the last part) can be dropped and made again.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    UniqueConstraint,
    text,
)

from sync_server.store.account_tables import actor_properties as actor_properties
from sync_server.store.account_tables import actor_property_values as actor_property_values
from sync_server.store.account_tables import actors as actors
from sync_server.store.account_tables import app_users as app_users
from sync_server.store.account_tables import assignments as assignments
from sync_server.store.account_tables import audits as audits
from sync_server.store.account_tables import config as config
from sync_server.store.account_tables import project_keys as project_keys
from sync_server.store.account_tables import public_links as public_links
from sync_server.store.account_tables import reset_tokens as reset_tokens
from sync_server.store.account_tables import sessions as sessions
from sync_server.store.account_tables import user_preferences as user_preferences
from sync_server.store.account_tables import user_secrets as user_secrets
from sync_server.store.account_tables import users as users
from sync_server.store.columns import Id as _Id
from sync_server.store.columns import metadata as metadata
from sync_server.store.columns import table as _table
from sync_server.store.columns import text as _text
from sync_server.store.engine import UtcDateTime
from sync_server.store.entity_tables import DERIVED as _ENTITIES
from sync_server.store.entity_tables import entities as entities
from sync_server.store.entity_tables import entity_actions as entity_actions
from sync_server.store.entity_tables import entity_lists as entity_lists
from sync_server.store.peer_tables import awaited_files as awaited_files
from sync_server.store.peer_tables import decision_seals as decision_seals
from sync_server.store.peer_tables import form_variants as form_variants
from sync_server.store.peer_tables import known_nodes as known_nodes
from sync_server.store.peer_tables import peer_cursors as peer_cursors
from sync_server.store.peer_tables import peer_offers as peer_offers
from sync_server.store.peer_tables import peer_refusals as peer_refusals
from sync_server.store.peer_tables import peer_rounds as peer_rounds
from sync_server.store.peer_tables import peer_subjects as peer_subjects
from sync_server.store.peer_tables import peer_withdrawals as peer_withdrawals
from sync_server.store.peer_tables import peers as peers

# -- this node and its projects; its people are in account_tables.py

node = _table(
    "node",
    _text("id", primary_key=True),
    _text("epoch"),
    Column("created_at", UtcDateTime, nullable=False),
)
projects = _table(
    "projects",
    Column("id", Integer, primary_key=True),
    _text("uid", unique=True),
    _text("name"),
    _text("description", nullable=True),
    Column("key_id", Integer),
    Column("created_at", UtcDateTime),
    Column("updated_at", UtcDateTime),
    Column("archived_at", UtcDateTime),
    Column("deleted_at", UtcDateTime),
    _text("home", nullable=True),  # the node that leads it; None: this one
)
# -- forms

forms = _table(
    "forms",
    Column("id", _Id, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    _text("form_id"),
    _text("state"),
    Column("current_version_id", _Id),  # None: its home has made one current, whose media are on their way
    Column("wanted_version_id", _Id),  # what its home made current and whose media are not all here
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("project_id", "form_id"),
)
form_versions = _table(
    "form_versions",
    Column("id", _Id, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    _text("form_id"),
    _text("version"),
    _text("sha256"),
    _text("md5"),
    _text("title"),
    Column("xml", LargeBinary, nullable=False),
    _text("source_name", nullable=True),
    Column("source", LargeBinary),
    _text("source_sha256", nullable=True),
    Column("annotations", JSON, nullable=False),
    Column("warnings", JSON, nullable=False),
    Column("published_at", UtcDateTime, nullable=False),
    Column("published_by", ForeignKey("actors.id")),
    UniqueConstraint("project_id", "form_id", "version"),
)
form_attachments = _table(
    "form_attachments",
    Column("form_version_id", ForeignKey("form_versions.id"), primary_key=True),
    _text("name", primary_key=True),
    _text("sha256"),
    _text("md5"),
    Column("size", BigInteger, nullable=False),
    _text("type"),
    Column("updated_at", UtcDateTime, nullable=False),
)

# -- what was received

submission_versions = _table(
    "submission_versions",
    Column("id", _Id, primary_key=True),
    Column("project_id", Integer, nullable=False),
    _text("sha256"),
    _text("form_id"),
    _text("form_version"),
    _text("instance_id"),
    _text("deprecated_id", nullable=True),
    Column("is_sealed", Boolean, nullable=False),
    Column("xml", LargeBinary, nullable=False),
    _text("redacted_sha256", nullable=True),  # of the XML that is left when a person's rows were erased from it
    UniqueConstraint("project_id", "sha256"),
    Index("ix_submission_versions_instance", "instance_id"),
    Index("ix_submission_versions_deprecated", "deprecated_id"),
)
submission_attachments = _table(
    "submission_attachments",
    Column("version_id", ForeignKey("submission_versions.id"), primary_key=True),
    _text("name", primary_key=True),
    _text("sha256", primary_key=True),
    Column("size", BigInteger, nullable=False),
    _text("type"),
)
receipts = _table(
    "receipts",
    _text("id", primary_key=True),
    Column("version_id", ForeignKey("submission_versions.id"), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    _text("door"),
    _text("device_id", nullable=True),
    Column("actor_id", _Id),
    _text("form_state"),
    Column("is_revoked", Boolean, nullable=False),
    _text("held_for", nullable=True),  # what the door found amiss beside a revoked token, such as "not_assigned"
    Column("clock_offset_seconds", Float),
    Column("is_new", Boolean, nullable=False),
    _text("node", nullable=True),  # where it was received; None: here
    Index("ix_receipts_version", "version_id"),
    Index("ix_receipts_actor", "actor_id"),  # for a tablet's own page: without it that read every receipt
)
unreadable_uploads = _table(
    "unreadable_uploads",
    _text("sha256", primary_key=True),
    Column("received_at", UtcDateTime, nullable=False),
    _text("door"),
    _text("device_id", nullable=True),
    _text("reason"),
    Column("size", BigInteger, nullable=False),
)

# -- what was decided

decisions = _table(
    "decisions",
    _text("id", primary_key=True),
    _text("kind"),
    Column("project_id", Integer, nullable=False),
    _text("form_id"),
    _text("subject"),
    Column("parents", JSON, nullable=False),
    Column("body", JSON, nullable=False),
    Column("author_id", _Id),
    Column("decided_at", UtcDateTime, nullable=False),
    _text("reason"),
    _text("node"),
    Index("ix_decisions_subject", "project_id", "form_id", "subject"),
    Index("ix_decisions_about", "subject"),
    Index("ix_decisions_kind", "kind"),
)

# -- what was erased: the content is gone, and these keep it from coming back

erased_versions = _table(
    "erased_versions",
    Column("project_id", Integer, primary_key=True),
    _text("sha256", primary_key=True),
    _text("decision_id", primary_key=True),
    _text("form_id"),
    _text("instance_id"),
    _text("scope"),
    Column("received_at", UtcDateTime),
)
erased_instances = _table(
    "erased_instances",
    Column("id", _Id, primary_key=True),
    Column("project_id", Integer, nullable=False),
    _text("form_id"),
    _text("instance_id"),
    _text("decision_id"),
    _text("scope"),  # whole: nothing of it is kept; person: what is about one person is taken out
    UniqueConstraint("project_id", "form_id", "instance_id", "decision_id"),
    Index("ix_erased_instances_instance", "instance_id"),
)
erasure_tasks = _table(
    "erasure_tasks",  # what an erasure has still to clear away outside the database; empty when all is done
    _text("decision_id", primary_key=True),
    _text("step", primary_key=True),
    _text("key", primary_key=True),
    Column("project_id", Integer, nullable=False),
)
blocked_uploads = _table(
    "blocked_uploads",
    _text("id", primary_key=True),
    Column("project_id", Integer, nullable=False),
    _text("form_id"),
    _text("instance_id"),
    _text("sha256"),
    Column("received_at", UtcDateTime, nullable=False),
    _text("door"),
    _text("device_id", nullable=True),
    Column("actor_id", _Id),
)

# -- the feed

changes = _table(
    "changes",
    Column("seq", _Id, primary_key=True, autoincrement=False),
    _text("epoch"),
    _text("kind"),
    _text("key"),
    _text("version"),
    _text("node"),
    # Who once had a role in a project; the few rows of one kind, so that appending a submission costs nothing.
    Index(
        "ix_changes_assignments",
        "key",
        sqlite_where=text("kind = 'assignment'"),
        postgresql_where=text("kind = 'assignment'"),
    ),
)

# -- derived: dropped and made again by `rebuild`

submissions = _table(
    "submissions",
    Column("id", _Id, primary_key=True),
    Column("project_id", Integer, nullable=False),
    _text("form_id"),
    _text("root_id"),
    _text("current_version_id"),
    _text("form_version"),
    Column("state", JSON, nullable=False),
    Column("has_conflict", Boolean, nullable=False),
    _text("waits_for", nullable=True),
    Column("is_sealed", Boolean, nullable=False),
    Column("is_held", Boolean, nullable=False),
    Column("flags", JSON, nullable=False),
    Column("attachments_expected", Integer, nullable=False),
    Column("attachments_present", Integer, nullable=False),
    Column("edits", Integer, nullable=False),
    _text("review_state", nullable=True),
    Column("first_received_at", UtcDateTime, nullable=False),
    _text("first_receipt_id"),
    UniqueConstraint("project_id", "form_id", "root_id"),
    Index("ix_submissions_received", "first_received_at"),
    # Few are held, and every export counts them: without it that read a row of each submission.
    Index(
        "ix_submissions_held",
        "project_id",
        "form_id",
        sqlite_where=text("is_held = 1"),
        postgresql_where=text("is_held"),
    ),
    # Few lack a file, and whoever asks whether everything has arrived wants those only.
    Index(
        "ix_submissions_incomplete",
        "project_id",
        "id",
        sqlite_where=text("attachments_present < attachments_expected"),
        postgresql_where=text("attachments_present < attachments_expected"),
    ),
)
version_marks = _table(
    "version_marks",  # each version with its files as a number, to be added up by ranges: core/range_digest.py
    Column("project_id", Integer, primary_key=True, autoincrement=False),
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("version_id", _Id, primary_key=True, autoincrement=False),
    _text("form_id"),
    *(Column(f"mark_{part}", BigInteger, nullable=False) for part in (1, 2, 3, 4)),
    Column("received_at", UtcDateTime, nullable=False),  # of its first receipt, as are the device
    _text("device_id", nullable=True),
    Column("is_edit", Boolean, nullable=False),
    Column("files", Integer, nullable=False),
    _text("received_by"),  # the nodes by which its submission is a peer's own, a blank before and after each
    Column("roots", JSON, nullable=False),  # the submissions to which it belongs: nearly always one
    Index("ix_version_marks_version", "version_id"),
    # All that counting by form and device reads, in their order: ten times as fast as sorting the rows for it.
    Index(
        "ix_version_marks_count",
        *("project_id", "form_id", "device_id", "is_edit", "files", "received_at", "received_by"),
    ),
    sqlite_with_rowid=False,  # in the order of places, so that a range is read without a look-up for each
)
checkpoints = _table(
    "checkpoints",
    _text("consumer", primary_key=True),
    _text("epoch"),
    Column("seq", BigInteger, nullable=False),
)
parked_changes = _table(
    "parked_changes",
    _text("consumer", primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    _text("error"),
)

# The manifest of the warehouse: which files hold the rows of a form, and where in them a submission is.

warehouse_layouts = _table(
    "warehouse_layouts",
    _text("id", primary_key=True),
    Column("body", JSON, nullable=False),
)
warehouse_segments = _table(
    "warehouse_segments",
    Column("id", _Id, primary_key=True),
    Column("project_id", Integer, nullable=False),
    _text("form_id"),
    _text("layout_id"),
    Column("newest", UtcDateTime, nullable=False),
    _text("newest_root"),
    Column("oldest", UtcDateTime, nullable=False),
    _text("oldest_root"),
    Column("submissions", Integer, nullable=False),
    Column("files", JSON, nullable=False),
    Column("deleted", LargeBinary, nullable=False),
    Column("live", JSON, nullable=False),
    Column("has_strangers", Boolean, nullable=False),  # answers that a later form version may give a column
    _text("stale", nullable=True),  # why it has to be made again
    Index("ix_warehouse_segments_form", "project_id", "form_id"),
)
warehouse_places = _table(
    "warehouse_places",
    Column("project_id", Integer, primary_key=True),
    _text("form_id", primary_key=True),
    _text("root_id", primary_key=True),
    Column("segment_id", _Id, nullable=False),
    Column("row", Integer, nullable=False),
    Column("counts", JSON, nullable=False),
    Index("ix_warehouse_places_segment", "segment_id"),
)
warehouse_retired = _table(
    "warehouse_retired",
    _text("blob_id", primary_key=True),
    Column("retired_at", UtcDateTime, nullable=False),
)

DERIVED = (
    submissions,
    version_marks,
    checkpoints,
    parked_changes,
    warehouse_layouts,
    warehouse_segments,
    warehouse_places,
    *_ENTITIES,
)
