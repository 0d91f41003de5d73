"""The scope of a peer in one short word, so that both ends know whether it is still the same.

The centre works it out from the grants, and from what rules the entity lists under them; a hub uses the one that its
centre said last.
"""

from sqlalchemy.orm import Session

from sync_server.core.digest import canonical_json
from sync_server.core.ids import sha256_hex
from sync_server.core.pairing import SharedPlace
from sync_server.core.scope import Grant, Scope
from sync_server.services.peer_lists import PeerLists
from sync_server.store import assignments, shared_projects
from sync_server.store.accounts import PEER
from sync_server.store.peers import PeerNode

DIGITS = 16


def scope_hash_of(session: Session, peer: PeerNode) -> str:
    """Return the word for the scope in force between this node and the peer; "" while a hub has not been told."""
    if peer.is_centre:
        return peer.scope_hash or ""
    granted = assignments.iter_granted_to(session, peer.actor_id)
    known = shared_projects.find_by_numbers(session, _numbers(tuple(made.grant for made in granted)))
    # By uid, because a project's number is its node's own; with when, because a scope that comes back is another: what
    # happened meanwhile has to be gone through again.
    written = [
        [known[g.project_id].uid, g.form_id, g.role.system, g.rows, made.granted_at.isoformat()]
        for made in granted
        if (g := made.grant).project_id in known
    ]
    lists = PeerLists(session, peer, Scope(peer.actor_id, PEER, tuple(made.grant for made in granted)))
    ruled = {each.uid: described for each in known.values() if (described := lists.describe(each.id))}
    ordered = sorted(written, key=canonical_json)
    return sha256_hex(canonical_json([ordered, ruled] if ruled else ordered).encode())[:DIGITS]


def places_of(session: Session, peer: PeerNode) -> tuple[SharedPlace, ...]:
    """List the projects that were granted to a peer, and which forms of each."""
    return places_of_grants(session, assignments.find_grants(session, peer.actor_id))


def places_of_grants(session: Session, grants: tuple[Grant, ...]) -> tuple[SharedPlace, ...]:
    """List the projects of these grants that are there, by their numbers here."""
    known = shared_projects.find_by_numbers(session, _numbers(grants))
    return tuple(
        SharedPlace(project=project.uid, title=project.title, forms=_forms(grants, project.id))
        for project in known.values()
    )


def _forms(grants: tuple[Grant, ...], project_id: int) -> tuple[str, ...] | None:
    named = {g.form_id for g in grants if g.project_id == project_id}
    return None if None in named else tuple(sorted(form for form in named if form is not None))


def _numbers(grants: tuple[Grant, ...]) -> list[int]:
    return [g.project_id for g in grants if g.project_id is not None]
