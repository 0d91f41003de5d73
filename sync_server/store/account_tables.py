"""Tables of people and devices: who there is, what each may do, their secrets, and what they did.

Secrets are hashes (sha256 of random tokens, argon2 of passwords) or sealed with the node's key, which is not here.
"""

from uuid import uuid4

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Text

from sync_server.store.columns import Id, moment, table, text

# An actor's number in a table that has one row for each, or many.
_ACTOR = "actors.id"
_PROJECT = "projects.id"

actors = table(
    "actors",
    Column("id", Id, primary_key=True),
    text("type"),
    text("display_name"),
    moment("created_at"),
    Column("created_by", Id),  # None: the operator at the machine
    moment("updated_at", nullable=True),
    moment("deleted_at", nullable=True),
    Column("uid", Text, default=lambda: uuid4().hex),  # what every node calls it
    text("node", nullable=True),  # the node it comes from; None: this one
    Index("ix_actors_uid", "uid", unique=True),
)
users = table(
    "users",
    Column("actor_id", ForeignKey(_ACTOR), primary_key=True),
    text("email", unique=True),
    text("password_hash"),  # "" for an account that has no password yet: no password has that hash
    text("home_password_hash", nullable=True),  # what its home last said; None: an account of this node
    text("digest_ha1", nullable=True),
    moment("last_sign_in_at", nullable=True),
)
app_users = table(
    "app_users",
    Column("actor_id", ForeignKey(_ACTOR), primary_key=True),
    Column("project_id", ForeignKey(_PROJECT), nullable=False),
    text("token_hash", unique=True),
    Column("token_sealed", LargeBinary, nullable=False),
    moment("created_at"),
    moment("revoked_at", nullable=True),
    moment("last_used_at", nullable=True),
)
public_links = table(
    "public_links",
    Column("actor_id", ForeignKey(_ACTOR), primary_key=True),
    Column("project_id", ForeignKey(_PROJECT), nullable=False),
    text("form_id"),
    Column("once", Boolean, nullable=False),
    text("token_hash", unique=True),
    Column("token_sealed", LargeBinary, nullable=False),
    moment("created_at"),
    moment("revoked_at", nullable=True),
    moment("last_used_at", nullable=True),
    Index("ix_public_links_form", "project_id", "form_id"),
)
sessions = table(
    "sessions",
    text("token_hash", primary_key=True),
    Column("actor_id", ForeignKey(_ACTOR), nullable=False),
    text("csrf"),
    moment("created_at"),
    moment("expires_at"),
)

# -- secrets beside the password

user_secrets = table(
    "user_secrets",
    Column("actor_id", ForeignKey(_ACTOR), primary_key=True),
    Column("totp_sealed", LargeBinary, nullable=False),
    moment("confirmed_at", nullable=True),  # None: begun, and not yet proven with a first code
    Column("last_step", BigInteger, nullable=False),  # the newest code's time step: no code is taken twice
    Column("recovery_hashes", JSON, nullable=False),
)
reset_tokens = table(
    "reset_tokens",
    text("token_hash", primary_key=True),
    Column("actor_id", ForeignKey(_ACTOR), nullable=False),
    Column("created_by", Id),
    moment("created_at"),
    moment("expires_at"),
    moment("used_at", nullable=True),
    Index("ix_reset_tokens_actor", "actor_id"),
)

# -- what each may do: the columns of core/scope.Grant. `actee` names where: "*", "project:1", "form:1/visit"

assignments = table(
    "assignments",
    Column("actor_id", ForeignKey(_ACTOR), primary_key=True),
    Column("role_id", Integer, primary_key=True, autoincrement=False),
    text("actee", primary_key=True),
    Column("project_id", ForeignKey(_PROJECT)),
    text("form_id", nullable=True),
    text("rows", nullable=True),
    text("level", nullable=True),
    moment("granted_at"),
    Column("granted_by", Id),
    text("node", nullable=True),  # the project's home, which alone takes it away again; None: granted here
    Index("ix_assignments_project", "project_id", "form_id"),
)

# -- what is noted about each

user_preferences = table(
    "user_preferences",
    Column("actor_id", ForeignKey(_ACTOR), primary_key=True),
    Column("project_id", Integer, primary_key=True, autoincrement=False),  # 0: about the site
    text("name", primary_key=True),
    Column("value", JSON, nullable=False),
)
actor_properties = table(
    "actor_properties",
    Column("project_id", ForeignKey(_PROJECT), primary_key=True),
    text("name", primary_key=True),
    moment("created_at"),
)
actor_property_values = table(
    "actor_property_values",
    Column("actor_id", ForeignKey(_ACTOR), primary_key=True),
    text("name", primary_key=True),
    text("value"),
)

# -- projects' keys, and what an administrator sets for the whole site

project_keys = table(
    "project_keys",
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey(_PROJECT), nullable=False),
    text("public_key"),
    Column("private_sealed", JSON, nullable=False),  # by the passphrase, which is nowhere: ODK Central's own layout
    text("hint", nullable=True),
    moment("created_at"),
    Column("created_by", Id),
)
config = table(
    "config",
    text("key", primary_key=True),
    Column("value", JSON, nullable=False),
    Column("blob", LargeBinary),
    text("blob_type", nullable=True),
    moment("set_at"),
    Column("set_by", Id),
)

# -- what they did: one row for each act, with its number in the feed

audits = table(
    "audits",
    Column("id", Id, primary_key=True),
    text("action"),
    Column("actor_id", Id),
    text("actee", nullable=True),
    Column("details", JSON, nullable=False),
    text("notes", nullable=True),
    moment("logged_at"),
    Index("ix_audits_action", "action"),
    Index("ix_audits_logged", "logged_at"),
    Index("ix_audits_actee", "actee"),
)
