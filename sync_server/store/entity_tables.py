"""Tables of entities: the lists, what submissions do to them, and what each entity has come to. All derived."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, text
from sqlalchemy.dialects.postgresql import JSONB

from sync_server.store.columns import Id, moment, table
from sync_server.store.columns import text as _text

# PostgreSQL reads one value out of a text of JSON by reading all of it; out of this, several times as fast.
_FILTERED = JSON().with_variant(JSONB(), "postgresql")

entity_lists = table(
    "entity_lists",
    Column("project_id", Integer, primary_key=True),
    _text("name", primary_key=True),
    Column("properties", JSON, nullable=False),  # in the order of the alphabet, the same at every node
    Column("rules", JSON, nullable=False),
    Column("settings", JSON, nullable=False),  # what people decided about the list (core/list_settings.py)
    Column("tags", JSON, nullable=False),  # HXL tag to property
    Column("levels", JSON, nullable=False),  # property to the word for its sensitivity; low when it is not there
    Column("served", Integer, nullable=False),  # how many entities tablets get
    _text("digest"),  # the sum of their fingerprints: what tablets compare is made of it
    _text("owners"),  # as digest, with who made each
)
entity_actions = table(
    "entity_actions",
    Column("id", Id, primary_key=True),
    Column("project_id", Integer, nullable=False),
    _text("form_id"),
    _text("root_id"),
    _text("place"),
    _text("list_name"),
    _text("entity_id"),
    _text("event_id"),
    _text("kind"),
    Column("given", JSON, nullable=False),
    Column("base", BigInteger),
    Column("trunk", BigInteger),
    _text("branch", nullable=True),
    Column("facts", Integer, nullable=False),
    _text("failure", nullable=True),
    moment("received_at"),
    Column("author_id", Integer),  # the tablet or person that sent the submission first
    Index("ix_entity_actions_source", "root_id"),
    Index("ix_entity_actions_entity", "project_id", "list_name", "entity_id"),
    # Few fail, and a list of them must not read the others.
    Index(
        "ix_entity_actions_failed",
        "project_id",
        "form_id",
        sqlite_where=text("failure IS NOT NULL"),
        postgresql_where=text("failure IS NOT NULL"),
    ),
)
entities = table(
    "entities",
    Column("project_id", Integer, primary_key=True),
    _text("list_name", primary_key=True),
    _text("entity_id", primary_key=True),
    Column("number", BigInteger, nullable=False),
    _text("label"),
    Column("is_served", Boolean, nullable=False),
    Column("is_deleted", Boolean, nullable=False),
    Column("has_conflict", Boolean, nullable=False),
    Column("is_waiting", Boolean, nullable=False),
    Column("data", _FILTERED, nullable=False),  # the properties and the label, as text
    Column("state", JSON, nullable=False),  # EntityState without them
    _text("fingerprint"),
    _text("line"),  # of the list's CSV, as tablets get it; empty when they do not
    moment("created_at"),
    moment("updated_at"),
    Column("creator_id", Integer),
    Column("updater_id", Integer),
    # With is_served, so that rows which a page passes over are not read.
    Index("ix_entities_created", "project_id", "list_name", "created_at", "entity_id", "is_served"),
    # Few are in conflict, and to count them must not read the others.
    Index(
        "ix_entities_conflict",
        "project_id",
        "list_name",
        sqlite_where=text("has_conflict = 1"),
        postgresql_where=text("has_conflict"),
    ),
)

DERIVED = (entity_lists, entity_actions, entities)
