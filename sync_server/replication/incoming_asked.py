"""What is asked before a batch is taken: readers may have to catch up first, and files have to be looked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from sync_server.core.entity_event import CREATE
from sync_server.core.replication_items import (
    AttachmentItem,
    DecisionItem,
    FormItem,
    FormVersionItem,
    Item,
    ReceiptItem,
    SubmissionItem,
)
from sync_server.node import Node
from sync_server.replication.outgoing_plan import ENTITY, ERASURE
from sync_server.services import consumers
from sync_server.services.claimable import find_claimable
from sync_server.services.peer_lists import PeerLists
from sync_server.services.peer_scope import Inside, find_inside, is_inside, scope_of_peer, shared_projects
from sync_server.store import entity_actions, families
from sync_server.store.entity_actions import EntityKey
from sync_server.store.peers import PeerNode


@dataclass(frozen=True, slots=True)
class Asked:
    """As the fields of the same names in `Taking`."""

    inside: Inside
    foreign: frozenset[EntityKey]
    claimable: frozenset[str]
    present: frozenset[str] = frozenset()


def ask(node: Node, peer: PeerNode, items: Sequence[Item]) -> Asked:
    """Ask everything but which files are here."""
    if not peer.is_centre and any(isinstance(i, DecisionItem) and i.decision_kind in (ENTITY, ERASURE) for i in items):
        consumers.fold_received(node)
    return Asked(_find_inside(node, peer, items), _find_foreign(node, peer, items), _find_claimable(node, peer, items))


def _find_inside(node: Node, peer: PeerNode, items: Sequence[Item]) -> Inside:
    """Ask before the transaction which decided submissions the peer's rows show: the warehouse may have to catch up."""
    subjects = {item.subject for item in items if isinstance(item, DecisionItem) and item.decision_kind != ENTITY}
    if not subjects or peer.is_centre:
        return frozenset()
    with node.database.read() as session:
        found, scope = families.find_families(session, subjects), scope_of_peer(session, peer)
    return find_inside(node, peer, scope, found)


def _find_claimable(node: Node, peer: PeerNode, items: Sequence[Item]) -> frozenset[str]:
    """Ask before the transaction of which versions that do not come with them receipts and files may be told."""
    if peer.is_centre:
        return frozenset()
    shown = {item.sha256 for item in items if isinstance(item, SubmissionItem) and item.erased_sha256 is None}
    last, named = "", set()
    for item in items:
        if isinstance(item, SubmissionItem):
            last = item.sha256
        elif isinstance(item, ReceiptItem | AttachmentItem):
            named.add(item.version or last)
    with node.database.read() as session:
        scope = scope_of_peer(session, peer)
    return find_claimable(node, peer, scope, named - shown - {""})


def find_present(node: Node, peer: PeerNode, items: Sequence[Item]) -> frozenset[str]:
    """Say which of the named files are here already; only what a centre names need not travel."""
    if not peer.is_centre:
        return frozenset()
    named = {item.sha256 for item in items if isinstance(item, AttachmentItem)}
    named |= {f.sha256 for i in items if isinstance(i, FormItem | FormVersionItem) for f in i.media}
    return frozenset(sha256 for sha256 in named if node.blobs.size(sha256) is not None)  # type: ignore[arg-type]


def _find_foreign(node: Node, peer: PeerNode, items: Sequence[Item]) -> frozenset[EntityKey]:
    """Ask which entities, of those that the peer decided about, are here and not for it.

    Whoever makes one under an id that is here has registered it as well: an id is random, and known to who was told it.
    """
    decided = [item for item in items if isinstance(item, DecisionItem) and item.decision_kind == ENTITY]
    made = {(item.project, item.form_id, item.subject) for item in decided if item.body.get("act") == CREATE}
    if not decided or peer.is_centre:
        return frozenset()
    with node.database.read() as session:
        scope = scope_of_peer(session, peer)
        numbers = {uid: id for id, uid in shared_projects(session, peer, scope).items()}
        places = {(item.project, item.form_id, item.subject) for item in decided if item.project in numbers} - made
        keys = {(numbers[project], list_name, entity_id) for project, list_name, entity_id in places}
        foreign = PeerLists(session, peer, scope).find_foreign(keys)
        acting = entity_actions.find_actions_on(session, foreign)
        found = families.find_families(session, {action.root_id for action in acting})
    inside = find_inside(node, peer, scope, found)  # what a hub has of its submissions its people see as well
    seen = {(f.project_id, f.form_id, name) for f in found if is_inside(f, inside) for name in f.names}
    foreign -= {a.entity for a in acting if (a.project_id, a.form_id, a.root_id) in seen}
    return frozenset(key for key in foreign if not _is_shown(key, items))


def _is_shown(key: EntityKey, items: Sequence[Item]) -> bool:
    """Tell whether a submission in the same batch names an entity: what it does to it is not known here before."""
    name = key[2].encode()
    return any(name in item.xml.lower() for item in items if isinstance(item, SubmissionItem))
