"""Hubs and a centre that are paired, and rounds between them: in one process, or over a live socket."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import update

from sync_server.core.roles import PEER, PEER_UP, Role
from sync_server.core.scope import Grant
from sync_server.node import Node
from sync_server.replication.local import LocalPeer
from sync_server.replication.peer import Peer
from sync_server.replication.round import RoundReport, synchronise
from sync_server.services import consumers
from sync_server.services.node_identity import get_public_key
from sync_server.settings import Settings
from sync_server.store import assignments, peers, projects
from sync_server.store.tables import projects as projects_table
from tests.support.new_folder import new_folder

WHEN = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def open_node(folder: Path, database_url: str = "") -> Node:
    data = folder if database_url else new_folder(folder)
    return Node.open(Settings(data=data, database_url=database_url, min_free_bytes=0))


def pair(
    hub: Node, centre: Node, *, role: Role = PEER_UP, rows: str | None = None, form_id: str | None = None,
    name: str = "hub",
) -> None:  # fmt: skip
    """Pair two nodes whose project 1 is one, led by the centre, as an offer and its acceptance do."""

    def at_centre(session: object) -> str:
        peer = peers.add_peer(session, id=hub.id, side=peers.HUB, name=name, public_key=get_public_key(hub), now=WHEN)  # type: ignore[arg-type]
        assignments.put_assignment(session, peer.actor_id, Grant(role, 1, form_id, rows), now=WHEN, by=None)  # type: ignore[arg-type]
        return projects.iter_homes(session)[0][1]  # type: ignore[arg-type]

    uid = centre.write(at_centre)

    def at_hub(session: object) -> None:
        session.execute(update(projects_table).where(projects_table.c.id == 1).values(uid=uid, home=centre.id))  # type: ignore[attr-defined]
        peer = peers.add_peer(
            session, id=centre.id, side=peers.CENTRE, name="centre", public_key=get_public_key(centre),  # type: ignore[arg-type]
            url="http://127.0.0.1:9", now=WHEN,
        )  # fmt: skip
        assignments.put_assignment(session, peer.actor_id, Grant(PEER, 1, form_id), now=WHEN, by=None)  # type: ignore[arg-type]

    hub.write(at_hub)


def set_scope(centre: Node, hub_id: str, *grants: Grant) -> None:
    """Grant a hub exactly this."""

    def write(session: object) -> None:
        actor_id = peers.get_peer(session, hub_id).actor_id  # type: ignore[arg-type]
        assignments.delete_assignments(session, actor_id)  # type: ignore[arg-type]
        for grant in grants:
            assignments.put_assignment(session, actor_id, grant, now=datetime.now(UTC), by=None)  # type: ignore[arg-type]

    centre.write(write)
    centre.grants.forget()


def sync(hub: Node, centre: Node, *, open_remote: Callable[[], Peer] | None = None, rounds: int = 1) -> RoundReport:
    """Go one round, or several, and work in what came."""
    for _ in range(rounds):
        report = synchronise(
            hub, centre.id, remote=open_remote or (lambda: LocalPeer(centre, hub.id)), wait=lambda seconds: None
        )
    for node in (hub, centre):
        consumers.resolve_received(node)
    return report


@dataclass
class Held:
    """What a node holds, in names that hold on every node."""

    versions: set[str] = field(default_factory=set)
    receipts: set[str] = field(default_factory=set)
    files: set[tuple[str, str]] = field(default_factory=set)
    decisions: set[str] = field(default_factory=set)
    states: dict[str, str] = field(default_factory=dict)


def held(node: Node) -> Held:
    """List what a node holds of submissions."""
    from sync_server.core.digest import canonical_json
    from sync_server.store import holdings

    with node.database.read() as session:
        return Held(
            set(holdings.iter_version_ids(session)),
            set(holdings.iter_receipt_ids(session)),
            {(version, sha256) for version, _, sha256 in holdings.iter_attachment_ids(session)},
            {id for id, *_ in holdings.iter_decisions(session)},
            {state["root_id"]: canonical_json(state) for _, state in holdings.iter_states(session)},
        )
