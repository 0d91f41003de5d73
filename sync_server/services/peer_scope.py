"""What a peer may have: the grants of its actor, asked by the one predicate (core/scope.py).

A submission is in a hub's scope when the hub (or one it replaces) received it itself, or when its rows let it through.
A centre has everything of the projects that it leads and that a hub has in common with it.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from sync_server.core.scope import Scope, View
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.form_definitions import find_layout
from sync_server.services.form_sight import sight_of
from sync_server.store import assignments, projects
from sync_server.store.accounts import PEER
from sync_server.store.families import FamilyNames, find_families, owners_of
from sync_server.store.peers import PeerNode
from sync_server.warehouse.form_tables import FormTables, open_tables, read_tables
from sync_server.warehouse.row_scope import find_roots

READ, WRITE = "peer.read", "peer.write"
PATIENCE_SECONDS = 20.0


def scope_of_peer(session: Session, peer: PeerNode) -> Scope:
    """Load what a peer may have; nothing when the pairing has ended."""
    return Scope(peer.actor_id, PEER, assignments.find_grants(session, peer.actor_id) if peer.is_active else ())


def shared_projects(session: Session, peer: PeerNode, scope: Scope) -> dict[int, str]:
    """Return number → uid of the projects a peer and this node have in common, deleted ones left out."""
    return {
        id: uid
        for id, uid, home in projects.iter_homes(session)
        if scope.knows(id) and (home == peer.id if peer.is_centre else True)
    }


def find_shared_project(session: Session, peer: PeerNode, scope: Scope, uid: str) -> int:
    """Return the number here of a project that is shared with a peer; raise NotFound for one that is not."""
    for project_id, shared in shared_projects(session, peer, scope).items():
        if shared == uid:
            return project_id
    raise NotFound


def roots_in_scope(node: Node, peer: PeerNode, project_id: int, form_id: str, roots: Iterable[str]) -> set[str]:
    """Return those of these submissions (by root instanceID) that the peer may have."""
    with node.database.read() as session:
        families = [f for f in find_families(session, roots) if (f.project_id, f.form_id) == (project_id, form_id)]
        scope = scope_of_peer(session, peer)
    inside = find_inside(node, peer, scope, families)
    return {root for family in families if is_inside(family, inside) for root in family.roots}


def is_in_scope(node: Node, peer: PeerNode, project_id: int, form_id: str, instance_id: str) -> bool:
    """Tell whether the peer may have the submission to which an instance belongs."""
    with node.database.read() as session:
        families = [
            f for f in find_families(session, [instance_id]) if (f.project_id, f.form_id) == (project_id, form_id)
        ]
        scope = scope_of_peer(session, peer)
    inside = find_inside(node, peer, scope, families)
    return any(is_inside(family, inside) for family in families)


Inside = frozenset[tuple[int, str, str]]


def is_inside(family: FamilyNames, inside: Inside) -> bool:
    """Tell whether a family is in scope: whole, when any part of it is."""
    return any((family.project_id, family.form_id, name) in inside for name in family.names)


def is_own(peer: PeerNode, family: FamilyNames) -> bool:
    """Tell whether the peer, or one it replaces, received something of this family itself.

    Who knows an instanceID was given it: only those who may have a submission are told. But the erasure of a person
    tells it to every hub, and what a hub sends under it afterwards gives no right to the rest.
    """
    return not peer.ids.isdisjoint(owners_of(family))


def find_inside(node: Node, peer: PeerNode, scope: Scope, families: Iterable[FamilyNames]) -> Inside:
    """Name, of these families, what is in a peer's scope, as (project, form, instance)."""
    inside: set[tuple[int, str, str]] = set()
    asked: dict[tuple[int, str], set[str]] = {}
    for family in families:
        place = (family.project_id, family.form_id)
        if not scope.knows(*place):
            continue
        view = scope.view(*place, READ)
        if is_own(peer, family) or (view is not None and (view.rows is None or peer.is_centre)):
            inside |= {(*place, name) for name in family.names}
        elif view is not None:
            asked.setdefault(place, set()).update(family.roots)
    for place, roots in asked.items():
        shown = find_rows(node, scope, *place)
        inside |= {(*place, root) for root in roots & shown}
    return frozenset(inside)


def find_rows(node: Node, scope: Scope, project_id: int, form_id: str) -> set[str]:
    """List the submissions of a form that a peer's rows let through: what is held or sealed is not among them."""
    view = scope.view(project_id, form_id, READ)
    if view is None:
        return set()
    consumers.catch_up(node, seconds=PATIENCE_SECONDS)
    return read_tables(lambda: _open(node, project_id, form_id), lambda tables: _roots(node, view, tables))


def _roots(node: Node, view: View, tables: FormTables) -> set[str]:
    with node.database.read() as session:
        sight = sight_of(session, view, tables.manifest.project_id, tables.manifest.form_id)
    now = datetime.now(UTC)
    return {root for part in sight.parts for root in find_roots(tables, part.rows, now=now)}


def _open(node: Node, project_id: int, form_id: str) -> FormTables:
    with node.database.read() as session:
        layout = find_layout(session, project_id, form_id)
        return open_tables(session, node.warehouse, layout, project_id=project_id, form_id=form_id)
