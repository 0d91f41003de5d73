"""Take a batch from a peer: what is new of it, and the cursor, in one transaction. Repeating it changes nothing.

Erasures come first, in a transaction of their own: what they block must be known before anything else is looked at.
What is not taken is named with its reason, and does not keep the rest out.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from sync_server.core.replication_batch import Batch
from sync_server.core.replication_items import (
    AccountItem,
    AttachmentItem,
    DecisionItem,
    FormItem,
    FormVersionItem,
    Item,
    NodeItem,
    ProjectItem,
    ReceiptItem,
    SubmissionItem,
    WithdrawalItem,
    WithdrawnItem,
)
from sync_server.core.storable import is_storable, told_name
from sync_server.node import Node
from sync_server.peer_errors import CursorElsewhere, PeerRevoked
from sync_server.replication import incoming_accounts, incoming_forms, incoming_project
from sync_server.replication.incoming_asked import Asked, ask, find_present
from sync_server.replication.incoming_decisions import take_decision
from sync_server.replication.incoming_lacking import find_lacking as find_lacking
from sync_server.replication.incoming_submissions import (
    Arrived,
    read_arrived,
    take_versions,
    take_what_belongs,
)
from sync_server.replication.incoming_withdrawals import take_withdrawal, take_withdrawn
from sync_server.replication.outgoing_plan import ERASURE
from sync_server.replication.peer import Refusal, Taken
from sync_server.replication.taking import UNREADABLE, Taking
from sync_server.services.finish_erasures import finish_erasures
from sync_server.services.peer_scope import scope_of_peer
from sync_server.services.peer_scope_hash import scope_hash_of
from sync_server.services.receive_submission import require_space
from sync_server.store import changes, peer_cursors, refusals
from sync_server.store.blocks import BlocksOutdated, newest_block
from sync_server.store.peers import PeerNode, get_peer

log = logging.getLogger(__name__)

TRIES = 5  # an erasure between reading and writing makes it begin anew; five in a row do not happen


def take(node: Node, peer: PeerNode, batch: Batch) -> Taken:
    """Store what is new in a batch; raise CursorElsewhere for one that does not follow what was taken before."""
    require_space(node)
    items, unfit = _part(batch.items)
    asked = ask(node, peer, items)
    erasures = [i for i in items if isinstance(i, DecisionItem) and i.decision_kind == ERASURE]
    nodes = [i for i in items if isinstance(i, NodeItem)]
    first = _transact(node, peer, batch, [*nodes, *erasures], asked, moves=False) if erasures else None
    asked = replace(asked, present=find_present(node, peer, items))  # not before: what was erased took its files along
    for _ in range(TRIES):
        try:
            taking = _transact(node, peer, batch, items, asked, moves=True, unfit=unfit)
            break
        except BlocksOutdated:
            node.learn_blocks()
    else:
        raise BlocksOutdated
    return _report(node, peer, batch, [taking, *([first] if first else [])])


def _transact(
    node: Node, peer: PeerNode, batch: Batch, items: Sequence[Item], asked: Asked, *, moves: bool,
    unfit: Sequence[str] = (),
) -> Taking:  # fmt: skip
    """Take items in one transaction, and move the cursor with them; clear away after it what they erased."""
    arrived, others = read_arrived(items)
    known = node.blocks.newest

    def write(session: Session) -> Taking:
        if newest_block(session) != known:
            raise BlocksOutdated
        current = get_peer(session, peer.id)
        if not current.is_active:
            raise PeerRevoked
        taking = Taking(
            node, session, current, scope_of_peer(session, current), datetime.now(UTC),
            asked.inside, asked.foreign, asked.claimable, asked.present,
        )  # fmt: skip
        _require_follows(session, current, batch)
        taking.refused.update(dict.fromkeys(unfit, UNREADABLE))
        _take_items(taking, items, arrived, others)
        if moves:
            _move(session, current, batch, taking.now)
        refusals.put_refusals(session, peer.id, "in", taking.refused.items(), now=taking.now)
        changes.append(session, taking.happened, via=peer.id)
        return taking

    taking = node.write(write)
    _after(node, taking)
    return taking


def _take_items(taking: Taking, items: Sequence[Item], arrived: Sequence[Arrived], others: Sequence[object]) -> None:
    for item in items:
        if taker := _FIRST.get(type(item)):
            with taking.noting(item.name):
                taker(taking, item)
    take_versions(taking, arrived)
    take_what_belongs(taking, arrived, others)  # type: ignore[arg-type]
    for item in items:
        if taker := _LAST.get(type(item)):
            with taking.noting(item.name):
                taker(taking, item)


_FIRST: dict[type, Callable[[Taking, Any], None]] = {
    NodeItem: incoming_project.take_node,
    ProjectItem: incoming_project.take_project,
    AccountItem: incoming_accounts.take_account,
    FormVersionItem: incoming_forms.take_form_version,
    FormItem: incoming_forms.take_form,
}
_LAST: dict[type, Callable[[Taking, Any], None]] = {
    DecisionItem: take_decision,
    WithdrawalItem: take_withdrawal,
    WithdrawnItem: take_withdrawn,
}


def _part(items: Sequence[Item]) -> tuple[list[Item], list[str]]:
    """Part what can be stored from what no database takes, of which the names are told.

    What belongs to a version goes with it: without its name nobody could tell to which other it is said to belong.
    """
    fit: list[Item] = []
    unfit: list[str] = []
    is_owner_fit = True
    for item in items:
        is_fit = is_storable(item)
        if isinstance(item, SubmissionItem):
            is_owner_fit = is_fit
        elif isinstance(item, ReceiptItem | AttachmentItem) and not item.version:
            is_fit = is_fit and is_owner_fit
        if is_fit:
            fit.append(item)
        else:
            unfit.append(told_name(item.name))
    return fit, unfit


def _require_follows(session: Session, peer: PeerNode, batch: Batch) -> None:
    """Raise CursorElsewhere unless everything before this batch, of this feed under this scope, was taken."""
    scope_hash = scope_hash_of(session, peer)
    seq = peer_cursors.get_cursor(session, peer.id, batch.epoch, batch.scope_hash) or 0
    if batch.epoch != peer.epoch or batch.scope_hash != scope_hash or batch.since > seq:
        raise CursorElsewhere(epoch=peer.epoch or "", seq=seq)


def _move(session: Session, peer: PeerNode, batch: Batch, now: datetime) -> None:
    seq = peer_cursors.get_cursor(session, peer.id, batch.epoch, batch.scope_hash) or 0
    peer_cursors.move_cursor(session, peer.id, batch.epoch, batch.scope_hash, max(seq, batch.until), now)


def _after(node: Node, taking: Taking) -> None:
    """After the commit: know what is blocked and who may come in, and clear away what was erased."""
    if taking.has_changed_access:
        node.tokens.forget()
        node.grants.forget()
    if taking.has_erased:
        node.learn_blocks()
        finish_erasures(node)


def _report(node: Node, peer: PeerNode, batch: Batch, takings: Sequence[Taking]) -> Taken:
    stored = sum(taking.stored for taking in takings)
    refused = {name: reason for taking in takings for name, reason in taking.refused.items()}
    log.info(
        "taken peer=%s epoch=%s until=%d items=%d stored=%d refused=%d node=%s",
        *(peer.id, batch.epoch, batch.until, len(batch.items), stored, len(refused), node.id),
    )
    for name, reason in refused.items():
        log.warning("refused item=%s reason=%s peer=%s node=%s", name, reason, peer.id, node.id)
    known = max(len(batch.items) - stored - len(refused), 0)
    return Taken(batch.until, stored, known, tuple(Refusal(name, reason) for name, reason in sorted(refused.items())))
