"""Paired nodes as a coordinator's page finds them, made by hand: how it stands with each."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from sync_server.core.roles import PEER
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.services.peer_status import PeerStatus
from sync_server.store import assignments, peers

NOON = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)  # in Baghdad

QUIET = PeerStatus(
    id="90ab" * 8, name="Erbil", side="centre", url="https://centre.example.org", state="active", state_reason="",
    paired_at=NOON, ended_at=None, seen_at=NOON, program="0.1.0", clock_offset_seconds=0.4,
    records_to_send=0, files_to_send=0, files_awaited=0, bytes_awaited=0,
    refused_here=(), refused_there=(), refused_here_count=0, refused_there_count=0,
    withdrawals_out=(), withdrawals_in=(),
    tried_at=NOON, succeeded_at=NOON, failed_at=None, failures=0, error=None, is_wanted=False, movement=None,
)  # fmt: skip


def status(**values: Any) -> PeerStatus:
    """How it stands with a centre with which nothing is amiss, but for these values."""
    return replace(QUIET, **values)


def hub_status(**values: Any) -> PeerStatus:
    return replace(QUIET, **{"id": "5f0c" * 8, "name": "Sinjar", "side": "hub", "url": None, **values})


def pair_with(node: Node, found: PeerStatus, *project_ids: int) -> None:
    """Pair the node with such a peer, for these projects or the first."""

    def pair(session: Session) -> None:
        peer = peers.add_peer(
            session, id=found.id, side=found.side, name=found.name, public_key=bytes(32), url=found.url, now=NOON
        )
        for project_id in project_ids or (1,):
            assignments.put_assignment(session, peer.actor_id, Grant(PEER, project_id), now=NOON, by=None)

    node.write(pair)
