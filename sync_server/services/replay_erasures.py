"""Apply erasures again to a node that was restored from a back-up made before them."""

import logging
from collections.abc import Iterable

from sqlalchemy.orm import Session

from sync_server.node import Node
from sync_server.services.apply_erasure import apply_decision
from sync_server.services.finish_erasures import finish_erasures
from sync_server.store import erasure_reads
from sync_server.store.decisions import StoredDecision, add_decision

log = logging.getLogger(__name__)


def replay_erasures(node: Node, decided: Iterable[StoredDecision]) -> int:
    """Apply the decisions that this node does not know, and clear away; return how many they were."""
    applied = sum(node.write(lambda session, d=decision: _apply(session, d)) for decision in decided)  # type: ignore[misc]
    if applied:
        node.learn_blocks()
        finish_erasures(node)
        log.info("erasures applied again count=%d node=%s", applied, node.id)
    return applied


def _apply(session: Session, decision: StoredDecision) -> bool:
    if erasure_reads.find_decision(session, decision.id) is not None:
        return False
    apply_decision(session, decision)
    add_decision(session, decision)
    return True
