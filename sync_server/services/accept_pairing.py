"""The hub's side of pairing: show the code's proof to the centre, check the centre's, and join its projects.

A project here that joins keeps its number, its forms, its tablets and what was received in it, and takes the centre's
uid. The centre's other projects begin empty. Whatever can be refused is refused before the code is used up.
"""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy.orm import Session

from sync_server.core.pairing import (
    PairingAnswer,
    PairingRequest,
    SharedPlace,
    is_proof,
    prove_answer,
    prove_request,
    read_answer,
    write_key,
)
from sync_server.core.replication_batch import PROTOCOL
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.peer_errors import AlreadyJoined, JoinUnclear, PairingRefused
from sync_server.services.access import change_access, require
from sync_server.services.audit import make_act, write_act
from sync_server.services.node_identity import get_public_key
from sync_server.services.office_overview import name_node
from sync_server.services.peer_address import tidy_url
from sync_server.services.peer_grants import grants_for_centre, put_scope
from sync_server.services.peer_offers import read_code, seal_code
from sync_server.store import nodes, peer_cursors, peer_offers, peers, shared_projects
from sync_server.store.accounts import Actor
from sync_server.store.peer_offers import StoredOffer
from sync_server.store.peers import CENTRE, PeerNode
from sync_server.store.shared_projects import KnownProject

log = logging.getLogger(__name__)

NEW: Literal["new"] = "new"
Post = Callable[[str, dict[str, Any]], Any]
"""Send JSON to a node's /replication/pair, return the JSON it answers; raise PeerAway or PairingRefused."""
Join = int | Literal["new"] | None

UNREADABLE = "what answered at this address is not a node"
FORGED = "what answered does not know the code: the address is another's, or somebody sits in between"
ITSELF, HUB_ALREADY = "it is this node's own", "the other node is led by this one already"
OTHER_MACHINE = "it is the answer to another machine, or to this one before its identity was renewed"
USED = "it was used here before, and that pairing has ended"
OTHER_KEY = "the node that answered is known here by another key; end the pairing with it first"


@dataclass(frozen=True, slots=True)
class Joined:
    """A project of the centre as it is here; `was_here` says that it had a life before."""

    project_id: int
    title: str
    was_here: bool


@dataclass(frozen=True, slots=True)
class Paired:
    """A centre, and the projects that it leads here now."""

    peer: PeerNode
    projects: tuple[Joined, ...]


def accept_pairing(node: Node, actor: Actor | None, url: str, code: str, *, post: Post, join: Join = None) -> Paired:
    """Pair with the centre at `url` by a code it printed.

    `join`: which project here becomes the centre's first one, by its number; "new" for none; None for the only one
    that this node leads.
    """
    require(node, actor, "assignment.create")
    url, (offer, secret) = tidy_url(url), read_code(code)
    target = _find_target(node, join)
    request = _make_request(node, offer, secret)
    answer = _check(node, secret, request, post(url, request.to_json()))
    paired = change_access(node, lambda session: _keep(session, actor, url, answer, target))
    log.info("paired peer=%s projects=%d node=%s", answer.node, len(paired.projects), node.id)
    return paired


def make_request(node: Node, actor: Actor | None, code: str) -> PairingRequest:
    """Make what this node says to a centre that will be told this code."""
    require(node, actor, "assignment.create")
    return _make_request(node, *read_code(code))


def accept_answer(
    node: Node, actor: Actor | None, code: str, request: PairingRequest, written: Any, *, join: Join = None
) -> Paired:
    """As `accept_pairing`, of an answer that came by stick with the request it answers; there is no address then.

    Once: a code that was used here before changes nothing as long as that pairing holds, else PairingRefused.
    """
    require(node, actor, "assignment.create")
    offer, secret = read_code(code)
    if (request.offer, request.node, request.public_key) != (offer, node.id, write_key(get_public_key(node))):
        raise PairingRefused(reason=OTHER_MACHINE)
    if not is_proof(request.proof, prove_request(secret, request)):
        raise PairingRefused(reason=FORGED)
    answer = _check(node, secret, request, written)
    used = StoredOffer(
        id=offer, name=answer.name, secret_sealed=seal_code(node, offer, secret), scope=[], replaces=None,
        created_at=(now := datetime.now(UTC)), created_by=actor.id if actor else None, expires_at=now, used_at=now,
        used_by=answer.node,
    )  # fmt: skip

    def keep(session: Session) -> Paired:
        before = peer_offers.lock_offer(session, offer)
        if before is not None:
            return _require_same(session, before, answer)
        peer_offers.add_offer(session, used)
        return _keep(session, actor, None, answer, _find_target(node, join))

    paired = change_access(node, keep)
    log.info("paired by stick peer=%s projects=%d node=%s", answer.node, len(paired.projects), node.id)
    return paired


def _require_same(session: Session, used: StoredOffer, answer: PairingAnswer) -> Paired:
    """Return the centre with which this code paired before; raise PairingRefused when that does not hold any more."""
    known = peers.find_peer(session, answer.node)
    if used.used_by != answer.node or known is None or not (known.is_active and known.is_centre):
        raise PairingRefused(reason=USED)
    return Paired(known, ())


def _find_target(node: Node, join: Join) -> int | None:
    """Choose the project that joins; raise NotFound, AlreadyJoined or JoinUnclear."""
    if join == NEW:
        return None
    with node.database.read() as session:
        if join is not None:
            return _require_free(session, shared_projects.find_by_number(session, join)).id
        led = shared_projects.iter_led_here(session)
    if len(led) > 1:
        raise JoinUnclear(projects=", ".join(f"{project.id} ({project.title})" for project in led))
    return led[0].id if led else None


def _require_free(session: Session, project: KnownProject | None) -> KnownProject:
    """Raise NotFound, or AlreadyJoined for a project that another node leads."""
    if project is None:
        raise NotFound
    if project.home is not None:
        home = peers.find_peer(session, project.home)
        raise AlreadyJoined(project=project.id, home=home.name if home else project.home)
    return project


def _make_request(node: Node, offer: str, secret: str) -> PairingRequest:
    request = PairingRequest(
        protocol=PROTOCOL, offer=offer, node=node.id, name=name_node(node)[:200],
        public_key=write_key(get_public_key(node)), nonce=secrets.token_hex(16),
    )  # fmt: skip
    return replace(request, proof=prove_request(secret, request))


def _check(node: Node, secret: str, request: PairingRequest, written: Any) -> PairingAnswer:
    """Read the centre's answer; raise PairingRefused unless it proves to know the code."""
    try:
        answer = read_answer(written)
    except ValueError as error:
        raise PairingRefused(reason=UNREADABLE) from error
    is_proven = is_proof(answer.proof, prove_answer(secret, request, answer))
    if not is_proven or answer.nonce != request.nonce:
        raise PairingRefused(reason=FORGED)
    if answer.node == node.id:
        raise PairingRefused(reason=ITSELF)
    return answer


def _keep(session: Session, actor: Actor | None, url: str | None, answer: PairingAnswer, target: int | None) -> Paired:
    now = datetime.now(UTC)
    peer = _put_centre(session, url, answer, now)
    joined = tuple(_join(session, answer, target, now))
    grants = grants_for_centre(session, peer.id, answer.projects)
    put_scope(session, peer, grants, now=now, by=actor.id if actor else None)
    details = {"node": peer.id, "url": url, "projects": [each.project_id for each in joined]}
    write_act(session, make_act(actor, "peer.join", f"actor:{peer.actor_id}", **details))
    return Paired(peer, joined)


def _put_centre(session: Session, url: str | None, answer: PairingAnswer, now: datetime) -> PeerNode:
    known = peers.find_peer(session, answer.node)
    if known is None:
        return peers.add_peer(
            session, id=answer.node, side=CENTRE, name=answer.name, public_key=answer.key, url=url, now=now
        )
    if known.public_key != answer.key:
        raise PairingRefused(reason=OTHER_KEY)
    if known.is_active and not known.is_centre:
        raise PairingRefused(reason=HUB_ALREADY)
    if known.state == peers.STOPPED:
        # A copy went on in this feed's name: numbers of it may stand for something else there.
        nodes.start_epoch(session, new_id=lambda: uuid4().hex)
    peer_cursors.forget_cursors(session, known.id)  # it may give this node something else now
    return peers.revive_peer(
        session, known.id, side=CENTRE, name=answer.name, url=url or known.url, predecessors=(), now=now
    )


def _join(session: Session, answer: PairingAnswer, target: int | None, now: datetime) -> list[Joined]:
    """Give every project of the centre its place here: the one it has already, the one that joins, or a new one."""
    joined = []
    for place in answer.projects:
        known = shared_projects.find_by_uid(session, place.project)
        if known is not None and known.home == answer.node:
            joined.append(Joined(known.id, known.title, was_here=True))
        elif known is not None or target is not None:
            found = known or shared_projects.find_by_number(session, target or 0)
            joined.append(_join_known(session, place, _require_free(session, found), answer.node, now))
            target = None if known is None else target
        else:
            joined.append(add_place(session, place, answer.node, now))
    return joined


def _join_known(session: Session, place: SharedPlace, project: KnownProject, home: str, now: datetime) -> Joined:
    shared_projects.join_home(session, project.id, uid=place.project, home=home, now=now)
    return Joined(project.id, project.title, was_here=True)


def add_place(session: Session, place: SharedPlace, home: str, now: datetime) -> Joined:
    """Begin an empty project for one of the centre's."""
    added = shared_projects.add_led_project(session, uid=place.project, title=place.title, home=home, now=now)
    return Joined(added, place.title, was_here=False)
