"""Tables of replication: which nodes are known, what each has had, and what is still on its way.

All of it is this node's own: nothing here replicates. What a peer is allowed is not here but in `assignments`, as for
everybody else.
"""

from sqlalchemy import JSON, BigInteger, Column, Float, ForeignKey, Index, Integer, LargeBinary

from sync_server.store.columns import Id, moment, table, text

_PEER = "peers.id"

peers = table(
    "peers",
    text("id", primary_key=True),  # the peer's node id
    Column("actor_id", ForeignKey("actors.id"), nullable=False, unique=True),
    text("side"),  # what it is to us: "hub" (it dials us) or "centre" (we dial it)
    text("name"),
    Column("public_key", LargeBinary, nullable=False),
    text("url", nullable=True),  # of a centre: where it answers
    Column("predecessors", JSON, nullable=False),  # ids of the nodes it replaces: what they received is its own
    text("state"),  # "active", "revoked", or "stopped": two machines use its identity
    text("state_reason"),
    moment("paired_at"),
    moment("ended_at", nullable=True),
    Column("epochs", JSON, nullable=False),  # of its feed, oldest first; the last is in force
    text("ticket", nullable=True),  # hub: the last one it showed; centre: the one we hold
    text("ticket_epoch", nullable=True),  # hub: our epoch when it showed it; after a restore of ours none is known
    text("scope_hash", nullable=True),  # the scope in force, as it said last: a centre rules it
    Column("echo_floor", BigInteger, nullable=False),  # up to this change of ours, it may have lost what it sent us
    moment("seen_at", nullable=True),
    text("program", nullable=True),
    Column("clock_offset_seconds", Float),
)
peer_offers = table(
    "peer_offers",
    text("id", primary_key=True),  # the first group of the code
    text("name"),  # what the peer is to be called
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("scope", JSON, nullable=False),
    text("replaces", nullable=True),
    moment("created_at"),
    Column("created_by", Id),  # None: the operator at the machine
    moment("expires_at"),
    moment("used_at", nullable=True),
    text("used_by", nullable=True),  # the node that did: it is answered again when the answer was lost
    Column("wrong", Integer, nullable=False),  # proofs that were wrong: after some, the offer is void
)
known_nodes = table(
    "known_nodes",  # nodes whose decisions reach us by way of another, which vouches for their keys
    text("id", primary_key=True),
    text("name"),
    Column("public_key", LargeBinary, nullable=False),
    text("vouched_by"),
)

# -- how far each has come

peer_cursors = table(
    "peer_cursors",  # how much of a peer's feed is in here; moved in the transaction that stores it
    Column("peer_id", ForeignKey(_PEER), primary_key=True),
    text("epoch", primary_key=True),
    text("scope_hash", primary_key=True),
    Column("seq", BigInteger, nullable=False),
    moment("moved_at"),
)
peer_subjects = table(
    "peer_subjects",  # which submissions a peer has had whole, and since which change of ours
    Column("peer_id", ForeignKey(_PEER), primary_key=True),
    Column("project_id", Integer, primary_key=True),
    text("form_id", primary_key=True),
    text("root_id", primary_key=True),
    Column("entered_seq", BigInteger, nullable=False),
    text("scope_hash"),
)
peer_withdrawals = table(
    "peer_withdrawals",  # what left a peer's scope: ordered by us, or carried out here by a peer's order
    text("id", primary_key=True),
    Column("peer_id", ForeignKey(_PEER), nullable=False),
    Column("project_id", Integer, nullable=False),
    text("form_id"),
    text("root_id"),
    text("direction"),  # "out": we ordered it; "in": we carried it out
    moment("ordered_at"),
    moment("done_at", nullable=True),
    Column("receipt", JSON),
    Index("ix_peer_withdrawals_peer", "peer_id", "direction"),
)
peer_refusals = table(
    "peer_refusals",  # items that were not taken, and why
    Column("peer_id", ForeignKey(_PEER), primary_key=True),
    text("direction", primary_key=True),  # "in": we refused it; "out": the peer refused ours
    text("item", primary_key=True),
    text("reason"),
    moment("refused_at"),
)
peer_rounds = table(
    "peer_rounds",  # how synchronising with a centre goes: one row for each, for pages and `status`
    Column("peer_id", ForeignKey(_PEER), primary_key=True),
    text("told_epoch", nullable=True),  # our epoch and change up to which the peer said it has everything
    Column("told_seq", BigInteger, nullable=False),
    Column("files_there", Integer, nullable=False),  # files the peer still awaits from us
    moment("tried_at", nullable=True),
    moment("succeeded_at", nullable=True),
    moment("failed_at", nullable=True),
    text("error", nullable=True),
    Column("error_details", JSON),
    Column("failures", Integer, nullable=False),  # in a row
    moment("wanted_at", nullable=True),  # somebody pressed the button
    text("busy_token", nullable=True),
    moment("busy_until", nullable=True),
    Column("progress", JSON),
    Column("asking", JSON),  # up to which change the receiver is asked first what it lacks, by direction
)

# -- what is on its way, and what decisions were signed with

awaited_files = table(
    "awaited_files",  # announced by a peer's row, bytes not here yet; the row follows when they are
    # Each peer's announcement by itself: whoever only names a file must not be shown what another peer brought.
    Column("peer_id", ForeignKey(_PEER), primary_key=True),
    text("owner", primary_key=True),  # "submission" or "form"
    Column("version_id", Id, primary_key=True, autoincrement=False),
    text("name", primary_key=True),
    text("sha256", primary_key=True),
    Column("size", BigInteger, nullable=False),
    text("type"),
    text("md5", nullable=True),
    moment("updated_at", nullable=True),
    Column("wrong", Integer, nullable=False),  # how often the bytes were not what the peer had said
    Index("ix_awaited_files_sha256", "sha256"),
    Index("ix_awaited_files_version", "owner", "version_id"),
)
decision_seals = table(
    "decision_seals",  # of decisions made at other nodes: what their node signed
    text("decision_id", primary_key=True),
    Column("salt", LargeBinary),  # None when the words were erased: then nobody can guess them from their hash
    text("words_sha256"),
    Column("signature", LargeBinary, nullable=False),
)
form_variants = table(
    "form_variants",  # another form under the id and version of one that is in force here
    Column("id", Id, primary_key=True),
    Column("project_id", Integer, nullable=False),
    text("form_id"),
    text("version"),
    text("sha256"),
    text("title"),
    Column("xml", LargeBinary, nullable=False),
    text("source_name", nullable=True),
    Column("source", LargeBinary),
    text("node"),
    moment("noticed_at"),
    moment("settled_at", nullable=True),
    Column("settled_by", Id),
    Index("ix_form_variants_form", "project_id", "form_id", "version", "sha256", unique=True),
)
