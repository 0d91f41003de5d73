"""What a peer's actor is granted, replaced as a whole: at a centre as laid down there, at a hub as its centre said."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from sync_server.core.pairing import SharedPlace
from sync_server.core.peer_places import PeerScope
from sync_server.core.roles import PEER, PEER_UP
from sync_server.core.scope import Grant
from sync_server.errors import MissingParameter, NotFound, UnexpectedValue
from sync_server.node import Node
from sync_server.peer_errors import LedElsewhere
from sync_server.services.assign_roles import require_form, require_may_grant
from sync_server.store import assignments, shared_projects
from sync_server.store.accounts import Actor
from sync_server.store.assignments import actee_of
from sync_server.store.peers import PeerNode, find_peer


def require_scope(node: Node, actor: Actor | None, scope: PeerScope) -> None:
    """Raise unless the actor may hand this out, all of it is there, and this node leads it."""
    if not scope.grants:
        raise MissingParameter(field="project")
    for grant in scope.grants:
        _require_sense(grant)
        require_may_grant(node, actor, grant)
        require_form(node, grant.project_id, grant.form_id)
        _require_led_here(node, grant.project_id)


def put_scope(session: Session, peer: PeerNode, grants: Iterable[Grant], *, now: datetime, by: int | None) -> bool:
    """Grant a peer exactly this; return whether anything changed."""
    wanted = {_place(grant): grant for grant in grants}
    held = {_place(grant): grant for grant in assignments.find_grants(session, peer.actor_id)}
    if wanted == held:
        return False
    for place, grant in held.items():
        if place not in wanted:
            assignments.delete_assignment(session, peer.actor_id, grant.role, place[1])
    for grant in wanted.values():  # those that stay as well: when they were made names the scope
        assignments.put_assignment(session, peer.actor_id, grant, now=now, by=by)
    return True


def grants_for_centre(session: Session, centre_id: str, places: Iterable[SharedPlace]) -> list[Grant]:
    """Say what a centre is granted here of the projects it shares: those that it leads, whole or by form."""
    found: list[Grant] = []
    for place in places:
        known = shared_projects.find_by_uid(session, place.project)
        if known is not None and known.home == centre_id:
            forms = (None,) if place.forms is None else place.forms
            found += [Grant(PEER, known.id, form_id) for form_id in forms]
    return found


def _place(grant: Grant) -> tuple[str, str]:
    return grant.role.system, actee_of(grant.project_id, grant.form_id)


def _require_sense(grant: Grant) -> None:
    if grant.role not in (PEER, PEER_UP):
        raise UnexpectedValue(field="role", value=grant.role.system, reason="a node is a peer or a peer-up.")
    if grant.role is PEER_UP and grant.rows is not None:
        raise UnexpectedValue(field="rows", value=grant.rows, reason="a node that only sends is given no rows.")


def _require_led_here(node: Node, project_id: int | None) -> None:
    with node.database.read() as session:
        project = shared_projects.find_by_number(session, project_id or 0)
        if project is None:
            raise NotFound
        if project.home is not None:
            home = find_peer(session, project.home)
            raise LedElsewhere(home=home.name if home else project.home)
