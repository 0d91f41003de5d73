"""Which versions of a project a node and a peer must have in common, as a part of the marks.

At the hub that is all of the project's forms it shares with its centre; at the centre what is in the hub's scope
(services/peer_scope.py, by the same rules): what the hub received itself, and what its rows let through.
"""

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy.orm import Session

from sync_server.core.held_version import ALWAYS, Period
from sync_server.core.scope import Scope
from sync_server.node import Node
from sync_server.peer_errors import StillMarking
from sync_server.services import consumers
from sync_server.services.peer_scope import READ, find_rows, find_shared_project, scope_of_peer
from sync_server.store import version_marks
from sync_server.store.peers import PeerNode
from sync_server.store.version_marks import Forms, MarksPart

PATIENCE_SECONDS = 20.0
_ANY_OTHER = ""  # stands for a form that no grant names; no form is called so


def find_part(node: Node, peer: PeerNode, project_uid: str, period: Period = ALWAYS) -> MarksPart:
    """Return what is shared with a peer of a project; raise NotFound for one that is not shared, StillMarking while a
    node that was upgraded just now has not looked through what it holds."""
    if not consumers.mark_received(node, seconds=PATIENCE_SECONDS):
        raise StillMarking
    with node.database.read() as session:
        scope = scope_of_peer(session, peer)
        project_id = find_shared_project(session, peer, scope, project_uid)
        part = _part(peer, scope, project_id, period)
        narrowed = [] if peer.is_centre else list(_narrowed_forms(session, scope, part))
    shown = {form_id: frozenset(find_rows(node, scope, project_id, form_id)) for form_id in narrowed}
    return replace(part, shown=shown)


def _part(peer: PeerNode, scope: Scope, project_id: int, period: Period) -> MarksPart:
    named = {grant.form_id for grant in scope.grants if grant.project_id == project_id and grant.form_id is not None}
    known = {form_id for form_id in (*named, _ANY_OTHER) if scope.knows(project_id, form_id)}
    if peer.is_centre:
        return MarksPart(project_id=project_id, whole=_forms(named, known), period=period)
    whole = {form_id for form_id in known if scope.sees_whole(project_id, form_id, READ)}
    return MarksPart(
        project_id=project_id, whole=_forms(named, whole), own=_forms(named, known), nodes=peer.ids, period=period
    )


def _forms(named: set[str], chosen: set[str]) -> Forms:
    if _ANY_OTHER in chosen:
        return Forms(frozenset(named - chosen), is_all_but=True)
    return Forms(frozenset(chosen))


def _narrowed_forms(session: Session, scope: Scope, part: MarksPart) -> Iterator[str]:
    """List the forms of which the peer may have some rows only."""
    if not any(grant.rows for grant in scope.grants):
        return
    for form_id in version_marks.iter_forms(session, part.project_id):
        view = scope.view(part.project_id, form_id, READ)
        if view is not None and view.rows is not None:
            yield form_id
