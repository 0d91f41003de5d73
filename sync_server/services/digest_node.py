"""Sum up what a node holds and shows, so that two nodes can be compared by eye (guarantee G2)."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from sync_server.core.digest import canonical_json, decision_member, digest_members, digest_set
from sync_server.node import Node
from sync_server.store import holdings


def digest_node(node: Node) -> dict[str, str]:
    """Return a sha256 for each set: versions, decisions, states, their total; and the receipts by themselves.

    Receipts stand apart: two nodes can show the same although a submission reached them by different ways. They tell
    on the states in one case only: what came by a revoked tablet or for a closed form alone is held until accepted.
    """
    with node.database.read() as session:
        return digest_snapshot(session)


def digest_snapshot(session: Session) -> dict[str, str]:
    """The same of whatever state of a database the session reads."""
    content = digest_members(
        _version_members(session),
        (decision_member(*decision) for decision in holdings.iter_decisions(session)),
        (canonical_json([form_id, state]) for form_id, state in holdings.iter_states(session)),
    )
    receipts = digest_set(holdings.iter_receipt_ids(session))
    return {
        "versions": content.versions,
        "decisions": content.decisions,
        "states": content.states,
        "total": content.total,
        "receipts": receipts,
    }


def _version_members(session: Session) -> Iterator[str]:
    yield from (canonical_json([version]) for version in holdings.iter_version_ids(session))
    yield from (canonical_json(list(file)) for file in holdings.iter_attachment_ids(session))
