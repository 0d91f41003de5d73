"""Sum up what a node holds and shows, so that two nodes can be compared by eye (guarantee G2)."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from sync_server.core import entity_decision, list_settings
from sync_server.core.digest import canonical_json, decision_member, digest_members, digest_set
from sync_server.core.entity_root import list_of
from sync_server.core.scope import Scope
from sync_server.node import Node
from sync_server.peer_errors import StillWorkingIn
from sync_server.services import consumers
from sync_server.services.peer_lists import PeerLists
from sync_server.services.peer_scope import READ, find_inside, find_shared_project, is_inside, scope_of_peer
from sync_server.store import decided_entities, holdings
from sync_server.store.entity_actions import EntityKey
from sync_server.store.families import find_families
from sync_server.store.holdings import EVERYTHING, Holding
from sync_server.store.peers import PeerNode

ERASURE, FORM_STATE = "erasure", "form_state"
PART = 2_000

Names = set[tuple[str, str]]


def digest_node(node: Node, part: Holding = EVERYTHING) -> dict[str, str]:
    """Return a sha256 for each set: versions, decisions, states, their total; and the receipts by themselves.

    Receipts stand apart: two nodes can show the same although a submission reached them by different ways. They tell
    on the states in one case only: what came by a revoked tablet or for a closed form alone is held until accepted.
    """
    with node.database.read() as session:
        return digest_snapshot(session, part)


def digest_snapshot(session: Session, part: Holding = EVERYTHING) -> dict[str, str]:
    """The same of whatever state of a database the session reads."""
    content = digest_members(
        _version_members(session, part),
        (decision_member(*decision) for decision in holdings.iter_decisions(session, part)),
        (canonical_json([form_id, state]) for form_id, state in holdings.iter_states(session, part)),
    )
    receipts = digest_set(holdings.iter_receipt_ids(session, part))
    return {
        "versions": content.versions,
        "decisions": content.decisions,
        "states": content.states,
        "total": content.total,
        "receipts": receipts,
    }


def digest_for_peer(node: Node, peer: PeerNode, project_uid: str, *, seconds: float | None = None) -> dict[str, str]:
    """Digest a project within what is shared with a peer, to be compared; raise NotFound for one that is not shared.

    What came is worked in first, for so many seconds at most; raises StillWorkingIn when that is not enough.

    That is what is in the peer's scope, seen from the centre; at the hub it is everything of the project. Left out at
    both ends is what does not travel: decisions about forms and lists that another than the project's home made, and
    decisions about submissions of which nothing is there (but erasures, which go to everybody).
    """
    if not consumers.fold_received(node, seconds=seconds):
        raise StillWorkingIn
    with node.database.read() as session:
        scope = scope_of_peer(session, peer)
        project_id = find_shared_project(session, peer, scope, project_uid)
        instances = {pair for pair in holdings.iter_instances(session, project_id) if scope.knows(project_id, pair[0])}
    names = instances if peer.is_centre else _in_scope(node, peer, scope, project_id, instances)
    home = peer.id if peer.is_centre else node.id
    with node.database.read() as session:
        lists = PeerLists(session, peer, scope)
        entities = lists.find_inside(decided_entities.iter_decided(session, project_id))
        return digest_snapshot(session, _holding(scope, lists, project_id, names, entities, home=home))


def _holding(
    scope: Scope, lists: PeerLists, project_id: int, names: Names, entities: set[EntityKey], *, home: str
) -> Holding:
    def includes_decision(kind: str, form_id: str, subject: str, made_at: str) -> bool:
        if kind == entity_decision.KIND:
            return (project_id, form_id, subject) in entities
        if kind == list_settings.KIND:
            return made_at == home and lists.knows(project_id, form_id)
        if (erased_in := list_of(form_id)) is not None:
            return lists.knows(project_id, erased_in)
        if not scope.knows(project_id, form_id):
            return False
        if kind == FORM_STATE:
            return made_at == home
        return kind == ERASURE or (form_id, subject) in names

    return Holding(project_id, lambda form_id, instance_id: (form_id, instance_id) in names, includes_decision)


def _in_scope(node: Node, peer: PeerNode, scope: Scope, project_id: int, instances: Names) -> Names:
    """Choose the instances whose submission the peer may have. Where it may have all rows, nothing is asked."""
    forms = {form_id for form_id, _ in instances}
    whole = {form_id for form_id in forms if scope.sees_whole(project_id, form_id, READ)}
    names = {pair for pair in instances if pair[0] in whole}
    for part in _parts(sorted(instances - names)):
        with node.database.read() as session:
            families = find_families(session, [instance_id for _, instance_id in part])
        inside = find_inside(node, peer, scope, [f for f in families if f.project_id == project_id])
        names |= {(f.form_id, name) for f in families if is_inside(f, inside) for name in f.names}
    return names


def _parts(pairs: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    return (pairs[start : start + PART] for start in range(0, len(pairs), PART))


def _version_members(session: Session, part: Holding) -> Iterator[str]:
    yield from (canonical_json([version]) for version in holdings.iter_version_ids(session, part))
    yield from (canonical_json(list(file)) for file in holdings.iter_attachment_ids(session, part))
