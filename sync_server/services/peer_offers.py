"""Offer another node to pair: a code for one machine and one day, with what that machine is to have.

The code's first group names the offer; the four others are its secret, which is kept sealed, because proofs are checked
with it. It is shown once.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from sync_server.core.peer_places import PeerScope, scope_of_grants
from sync_server.errors import MissingParameter, NotFound, UnexpectedValue
from sync_server.node import Node
from sync_server.peer_errors import NameTaken, PairingRefused
from sync_server.services.access import require
from sync_server.services.audit import make_act, noted, write_act
from sync_server.services.node_secrets import ALPHABET, make_pairing_code, open_secret, seal_secret
from sync_server.services.peer_grants import require_scope
from sync_server.store import assignments, peer_offers
from sync_server.store.accounts import Actor
from sync_server.store.peer_offers import StoredOffer
from sync_server.store.peers import PeerNode, find_peer_called

log = logging.getLogger(__name__)

VALID_FOR = timedelta(hours=24)
LONGEST_NAME = 200
_PURPOSE = "pairing"
_GROUP, _GROUPS = 4, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A code as it is handed out, once."""

    name: str
    code: str = field(repr=False)
    expires_at: datetime


def offer_pairing(
    node: Node, actor: Actor | None, name: str, scope: PeerScope, *, replaces: PeerNode | None = None
) -> Offer:
    """Make a code by which one other node pairs with this one, under a name, with a scope.

    An older code under the same name ends. `replaces`: the peer that ends when the code is used.
    """
    code = make_pairing_code()
    stored = prepare_offer(node, actor, name, scope, code=code, replaces=replaces)
    node.write(noted(lambda session: put_offer(session, actor, stored)))
    log.info("pairing offered offer=%s until=%s node=%s", stored.id, f"{stored.expires_at:%Y-%m-%dT%H:%MZ}", node.id)
    return Offer(name=stored.name, code=code, expires_at=stored.expires_at)


def prepare_offer(
    node: Node, actor: Actor | None, name: str, scope: PeerScope, *, code: str, replaces: PeerNode | None = None
) -> StoredOffer:
    """Say what a code is for, and keep nothing yet; raises when the actor may not, or the name is none."""
    name = _require_name(name)
    if replaces is None:  # who replaces a peer gets what was granted to it, whatever is there of it today
        require_scope(node, actor, scope)
    (id, secret), now = read_code(code), datetime.now(UTC)
    return StoredOffer(
        id=id, name=name, secret_sealed=seal_code(node, id, secret), scope=scope.to_json(),
        replaces=replaces.id if replaces else None, created_at=now, created_by=actor.id if actor else None,
        expires_at=now + VALID_FOR,
    )  # fmt: skip


def put_offer(session: Session, actor: Actor | None, stored: StoredOffer, *, by: str | None = None) -> None:
    """Keep an offer; raise NameTaken when another active peer has the name than the one it replaces, or `by`."""
    found = find_peer_called(session, stored.name)
    if found is not None and found.is_active and found.id not in (stored.replaces, by):
        raise NameTaken(name=stored.name)
    peer_offers.end_offers(session, stored.name, now=stored.created_at)
    peer_offers.add_offer(session, stored)
    write_act(session, make_act(actor, "peer.offer.create", replaces=stored.replaces, scope=stored.scope))


def replace_peer(node: Node, actor: Actor | None, name: str) -> Offer:
    """Make a code for the machine that takes a hub's place: it has its scope, and what that one received is its own.

    Nothing ends before the code is used: the old machine may still bring what it has.
    """
    old, scope = find_replaced(node, actor, name)
    return offer_pairing(node, actor, old.name, scope, replaces=old)


def find_replaced(node: Node, actor: Actor | None, name: str) -> tuple[PeerNode, PeerScope]:
    """Find a hub whose place another machine is to take, and what it has; raise NotFound."""
    require(node, actor, "assignment.create")
    with node.database.read() as session:
        old = find_peer_called(session, name)
        if old is None:
            raise NotFound
        grants = assignments.find_grants(session, old.actor_id)
    if old.is_centre:
        raise UnexpectedValue(field="name", value=name, reason="it leads this node, and is replaced there.")
    return old, scope_of_grants(grants)


def list_offers(node: Node, actor: Actor | None) -> Sequence[StoredOffer]:
    """List the codes that can still be used."""
    require(node, actor, "assignment.list")
    with node.database.read() as session:
        return peer_offers.iter_open_offers(session, now=datetime.now(UTC))


def open_offer(node: Node, offer: StoredOffer) -> str:
    """Return an offer's secret."""
    return open_secret(node, _PURPOSE, offer.secret_sealed, bound_to=offer.id)


def seal_code(node: Node, id: str, secret: str) -> bytes:
    """Seal an offer's secret, as it is kept."""
    return seal_secret(node, _PURPOSE, secret, bound_to=id)


def read_code(code: str) -> tuple[str, str]:
    """Part a code as somebody typed it into the offer's id and the secret; raise PairingRefused for what is none."""
    signs = "".join(sign for sign in code.lower() if sign not in "- \t\r\n")
    if len(signs) != _GROUP * _GROUPS or not set(signs) <= set(ALPHABET):
        raise PairingRefused(reason="it is not five groups of four letters and digits")
    return signs[:_GROUP], signs[_GROUP:]


def _require_name(name: str) -> str:
    named = "".join(sign if sign.isprintable() else " " for sign in name).strip()
    if not named:
        raise MissingParameter(field="name")
    if len(named) > LONGEST_NAME:
        raise UnexpectedValue(field="name", value=named[:40], reason=f"{LONGEST_NAME} characters are the most.")
    return named
