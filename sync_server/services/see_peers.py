"""What a coordinator sees of the nodes this one is paired with, and how one asks for a round.

Figures of a peer are of all that is shared with it. Who may look after some of that only is shown that it is there, and
when it was heard last, without figures, errors and refusals: those would tell of the other projects.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from sync_server.core.scope import Scope
from sync_server.errors import InsufficientRights
from sync_server.node import Node
from sync_server.services import peer_status
from sync_server.services.access import require_somewhere
from sync_server.services.peer_scope import shared_projects
from sync_server.services.peer_status import PeerStatus
from sync_server.store import assignments, form_variants, peer_rounds, peers
from sync_server.store.accounts import PEER, Actor
from sync_server.store.form_variants import FormVariant
from sync_server.store.peers import PeerNode

log = logging.getLogger(__name__)

VERB = "quarantine.read"
# Collect and a person at the desk round to a minute; from there on a date in a form may be the wrong day.
CLOCK_SECONDS = 120


@dataclass(frozen=True, slots=True)
class SeenPeer:
    """A peer as one person sees it; without figures unless `is_whole`."""

    status: PeerStatus
    is_whole: bool

    @property
    def minutes_off(self) -> int:
        """By how many minutes the clocks differ, 0 when it does not matter."""
        seconds = abs(self.status.clock_offset_seconds or 0)
        return round(seconds / 60) if seconds >= CLOCK_SECONDS else 0

    @property
    def is_busy(self) -> bool:
        """Tell whether a round is under way, or is about to begin."""
        return self.status.is_active and (self.status.movement is not None or self.status.is_wanted)


@dataclass(frozen=True, slots=True)
class SeenPeers:
    """The paired nodes: centres to which this one dials (one, as a rule), hubs that dial this one."""

    centres: tuple[SeenPeer, ...]
    hubs: tuple[SeenPeer, ...]
    variants: tuple[FormVariant, ...]

    @property
    def is_busy(self) -> bool:
        return any(centre.is_busy for centre in self.centres)


def see_peers(node: Node, actor: Actor | None) -> SeenPeers:
    """Show the peers that share a project with what the actor may look after; all of them to who may everything."""
    scope = require_somewhere(node, actor, VERB)
    with node.database.read() as session:
        shared = {peer.id: _share(session, peer) for peer in peers.iter_peers(session)}
        variants = [v for v in form_variants.iter_variants(session) if scope.may(VERB, v.project_id, v.form_id)]
    statuses = peer_status.peer_status(node)
    seen = [found for status in statuses if (found := _see(scope, status, shared.get(status.id, frozenset())))]
    return SeenPeers(
        centres=tuple(peer for peer in seen if peer.status.side == "centre"),
        hubs=tuple(peer for peer in seen if peer.status.side == "hub"),
        variants=tuple(variants),
    )


@dataclass(frozen=True, slots=True)
class InBrief:
    """What the first page says: how it stands with the centre, and how many offices dial this node."""

    centres: tuple[SeenPeer, ...]
    hubs: int


def see_in_brief(node: Node, actor: Actor | None) -> InBrief:
    """As `see_peers`, without what is costly to count: which submissions a hub's rows let through."""
    require_somewhere(node, actor, VERB)
    with node.database.read() as session:
        known = [peer for peer in peers.iter_peers(session) if peer.is_active or peer.is_centre]
    centres = see_peers(node, actor).centres if any(peer.is_centre for peer in known) else ()
    return InBrief(centres, hubs=sum(not peer.is_centre for peer in known))


def iter_whole_peers(node: Node, actor: Actor | None) -> list[PeerNode]:
    """List the active peers that share nothing but what the actor may look after, in the order they were paired."""
    scope = require_somewhere(node, actor, VERB)
    with node.database.read() as session:
        return [p for p in peers.iter_peers(session) if p.is_active and _is_whole(scope, _share(session, p))]


def require_whole_peer(node: Node, actor: Actor | None, peer_id: str) -> PeerNode:
    """Return such a peer; raise NotFound for one that is not there, InsufficientRights where more is shared with it."""
    scope = require_somewhere(node, actor, VERB)
    with node.database.read() as session:
        peer, shared = peers.get_peer(session, peer_id), _share(session, peers.get_peer(session, peer_id))
    if not _is_whole(scope, shared):
        raise InsufficientRights
    return peer


def want_round(node: Node, actor: Actor | None, *, now: datetime) -> bool:
    """Ask for a round as soon as may be; return False when this node has no centre that it could call."""
    require_somewhere(node, actor, VERB)
    with node.database.read() as session:
        centres = [peer.id for peer in peers.iter_peers(session) if peer.is_dialled]
    for centre in centres:
        node.write(partial(peer_rounds.want_round, peer_id=centre, now=now))
    log.info("round wanted actor=%s centres=%d node=%s", actor.id if actor else None, len(centres), node.id)
    return bool(centres)


def _share(session: Session, peer: PeerNode) -> frozenset[int]:
    """Number the projects shared with a peer; of an ended pairing, those that were shared as long as its roles stay."""
    scope = Scope(peer.actor_id, PEER, assignments.find_grants(session, peer.actor_id))
    return frozenset(shared_projects(session, peer, scope))


def _is_whole(scope: Scope, shared: frozenset[int]) -> bool:
    return scope.may(VERB) or (bool(shared) and all(scope.may(VERB, project_id) for project_id in shared))


def _see(scope: Scope, status: PeerStatus, shared: frozenset[int]) -> SeenPeer | None:
    if scope.may(VERB):
        return SeenPeer(status, is_whole=True)
    theirs = {project_id for project_id in shared if scope.may(VERB, project_id)}
    return SeenPeer(status, is_whole=theirs == shared) if theirs else None
