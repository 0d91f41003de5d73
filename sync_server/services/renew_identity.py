"""Give this machine an identity of its own, when its data folder is a copy of another's.

A new id, with it a new key pair, and a new epoch of the feed. Every pairing ends: it was made by the machine whose
identity this was. What was received here says so without a name (receipts, accounts), so it is this node's still.

Decisions name the node they were made at, and are signed when they are sent. Those made here take the new id: a hub may
not vouch for another node's key, so under the old id a centre that lacks them could not check them. Where one was sent
before, by either machine, it is known by its own id, and counted once. Seals of the old identity are forgotten and
made anew.
"""

import logging
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy.orm import Session

from sync_server.node import Node
from sync_server.services.access import change_access, require
from sync_server.services.audit import make_act, write_act
from sync_server.store import nodes, peer_cursors, peers
from sync_server.store.accounts import Actor

log = logging.getLogger(__name__)

REASON = "this machine has an identity of its own now: pair it with a new code"


def renew_identity(node: Node, actor: Actor | None) -> str:
    """Give this node a new id; return it. An open node goes on under the old one: open it anew."""
    require(node, actor, "assignment.create")
    act, new_id, now = make_act(actor, "node.update", former=node.id), uuid4().hex, datetime.now(UTC)

    def renew(session: Session) -> None:
        nodes.rename_node(session, new_id)
        nodes.start_epoch(session, new_id=lambda: uuid4().hex)
        for peer in peers.iter_peers(session):
            peer_cursors.forget_cursors(session, peer.id)
            if peer.state != peers.REVOKED:
                peers.end_peer(session, peer.id, reason=REASON, now=now)
        write_act(session, act)

    change_access(node, renew)
    log.warning("identity renewed former=%s node=%s", node.id, new_id)
    return new_id
