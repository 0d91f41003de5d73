"""Tell a copied data folder from the one it was copied from, by tickets (docs/replication.md, "Clones").

With every greeting the centre hands out a ticket, and the hub shows it at the next. The centre keeps the last ticket
that was *shown*; those it handed out upon it are made from it, so they need not be kept, and any of them is good as
long as none was shown. So after a lost answer, a crash of either side, a request that comes twice, the hub shows the
ticket it showed before, or one made from it, and goes on. As soon as one of two machines shows its next ticket, all
others made from the same one are void, and so is that one itself: the other is stopped at its next greeting.

A new epoch of the hub's feed, which only a restore or a new identity begins, makes any ticket good once, and the
machines of earlier epochs are stopped. After a restore of the centre, which forgets tickets, any is good once as well.
"""

import hmac
import logging
import secrets
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from sync_server.node import Node
from sync_server.peer_errors import PeerRevoked, PeerStopped
from sync_server.services.node_secrets import derive_key
from sync_server.store import changes, peers
from sync_server.store.peers import PeerNode, change_peer, lock_peer

log = logging.getLogger(__name__)

LONGEST = 100
_PURPOSE = "peer tickets"


def check_ticket(node: Node, peer_id: str, ticket: str | None, epoch: str) -> str:
    """At the centre, before anything else is done for a greeting: judge the ticket a hub shows, return its next one.

    `epoch`: that of the hub's feed. Raises PeerStopped for a copy, which is noted with the peer; the peer goes on.
    Raises PeerRevoked when the pairing has ended.
    Safe to repeat, and by itself in a transaction: what is judged good stays good when the rest of the greeting fails.
    """
    shown, now = _tidy(ticket), datetime.now(UTC)

    def judge(session: Session) -> bool:
        peer, ours = lock_peer(session, peer_id), changes.epoch(session)
        if peer.state == peers.REVOKED:
            raise PeerRevoked
        is_good = _is_good(node, peer, shown, epoch, ours)
        if is_good and (peer.ticket, peer.ticket_epoch) != (shown, ours):
            change_peer(session, peer.id, ticket=shown, ticket_epoch=ours)
        if not is_good:
            note_copy(session, peer, now)
        return is_good

    if not node.write(judge):
        log.warning("copy stopped peer=%s epoch=%s node=%s", peer_id, epoch[:LONGEST], node.id)
        raise PeerStopped
    return _make(node, peer_id, shown)


def is_void(node: Node, peer: PeerNode, ticket: str | None, epoch: str) -> bool:
    """Tell whether the ticket a hub holds is of before the last one it showed; nothing is noted."""
    with node.database.read() as session:
        ours = changes.epoch(session)
    return not _is_good(node, peer, _tidy(ticket), epoch, ours)


def keep_ticket(node: Node, peer_id: str, ticket: str) -> None:
    """At the hub, before anything else is done with the centre's answer: keep the ticket for the next greeting.

    The one to show is `peer.ticket`.
    """
    node.write(lambda session: change_peer(session, peer_id, ticket=_tidy(ticket)))


def note_stopped(node: Node, peer_id: str) -> None:
    """At the hub that was answered PeerStopped: stop, until it has an identity of its own or a new code.

    Only for an answer that is known to be the centre's: whoever can say this to a hub can stop it.
    """
    reason = "another machine synchronises under the same identity, since one was copied from the other"
    values = {"state": peers.STOPPED, "state_reason": reason, "ended_at": datetime.now(UTC)}
    node.write(lambda session: change_peer(session, peer_id, **values))
    log.warning("stopped peer=%s node=%s", peer_id, node.id)


def note_copy(session: Session, peer: PeerNode, now: datetime) -> None:
    """Note with a peer that a copy of it came; for `status` and pages."""
    reason = f"a copy of this machine was stopped at {now:%Y-%m-%d %H:%M} UTC; give that one its own identity"
    change_peer(session, peer.id, state_reason=reason)


def _is_good(node: Node, peer: PeerNode, shown: str, epoch: str, ours: str) -> bool:
    if epoch in peer.epochs[:-1]:  # of before a restore: that machine's feed goes on elsewhere
        return False
    is_first = peer.ticket is None or epoch not in peer.epochs or peer.ticket_epoch != ours
    return is_first or shown == peer.ticket or _is_made_from(node, peer, shown)


def _make(node: Node, peer_id: str, shown: str) -> str:
    chance = secrets.token_hex(8)
    return f"{chance}.{_seal(node, peer_id, shown, chance)}"


def _is_made_from(node: Node, peer: PeerNode, shown: str) -> bool:
    chance, _, seal = shown.partition(".")
    return hmac.compare_digest(seal.encode(), _seal(node, peer.id, peer.ticket or "", chance).encode())


def _seal(node: Node, peer_id: str, former: str, chance: str) -> str:
    message = f"{peer_id}\n{former}\n{chance}"
    return hmac.digest(derive_key(node, _PURPOSE), message.encode(), "sha256").hex()[:32]


def _tidy(ticket: str | None) -> str:
    """Return the ticket, "" for none and for what is none: nobody was ever handed such a one."""
    is_one = ticket is not None and len(ticket) <= LONGEST and ticket.isascii() and ticket.isprintable()
    return (ticket or "") if is_one else ""
