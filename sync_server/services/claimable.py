"""Of which versions a hub may say more without showing their bytes: that it received them, or that a file is theirs.

A hub learns hashes of what is not for it: an order to withdraw names all versions, the erasure of a person too. So a
hash proves nothing. What counts is that the submission is in the hub's scope, that the hub was sent it, or that nobody
has said yet to have received it: then the version came from the hub itself, a batch before its receipt.
"""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from sync_server.core.scope import Scope
from sync_server.node import Node
from sync_server.services.peer_scope import find_inside, is_inside
from sync_server.store import families, peer_subjects, replica_reads
from sync_server.store.families import FamilyNames
from sync_server.store.peers import PeerNode


def find_claimable(node: Node, peer: PeerNode, scope: Scope, versions: Iterable[str]) -> frozenset[str]:
    """Return those of these versions (sha256) that are here and of which the hub may say more."""
    wanted = set(versions)
    if not wanted:
        return frozenset()
    with node.database.read() as session:
        named = replica_reads.name_versions(session, wanted)
        found = families.find_families(session, {one.instance_id for one in named})
        had = [family for family in found if _was_sent(session, peer, family)]
    inside = find_inside(node, peer, scope, found)
    known = [family for family in found if family in had or is_inside(family, inside)]
    claimable = {member.sha256 for family in known for member in family.members}
    claimable |= {m.sha256 for family in found for m in family.members if not m.receipts}
    return frozenset(claimable & wanted)


def _was_sent(session: Session, peer: PeerNode, family: FamilyNames) -> bool:
    roots = {(family.project_id, family.form_id, name) for name in family.names}
    return bool(peer_subjects.find_entered(session, peer.id, roots))
