"""Compare a project with the node of which somebody gave the name, as far as that person may see.

Only a hub can ask: it calls its centre, and no centre can call it. Nothing of a form is shown to who may read some of
its rows only: a number, or the id of what is missing, would tell of the others.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from sync_server.core.held_version import ALWAYS, Period
from sync_server.core.scope import READ
from sync_server.node import Node
from sync_server.peer_errors import ComparedFromHub, NotSharedWith
from sync_server.replication.compare_nodes import Comparison, compare_nodes
from sync_server.replication.dialling import Dialling
from sync_server.replication.greeting import introduce
from sync_server.services.access import require_somewhere
from sync_server.services.peer_scope import scope_of_peer, shared_projects
from sync_server.store import peers
from sync_server.store.accounts import Actor
from sync_server.store.peers import PeerNode

VERB = "submission.list"


@contextmanager
def open_comparison(
    node: Node, actor: Actor | None, *, project_id: int, name: str = "", period: Period = ALWAYS
) -> Iterator[Comparison]:
    """Call the centre of this name (or the one there is) and compare; read the findings while it is open.

    Raises NotSharedWith, ComparedFromHub for a hub, and whatever the call may.
    """
    scope = require_somewhere(node, actor, VERB, project_id=project_id)
    peer, uid = _find(node, project_id, name)
    with Dialling(node, peer) as dialling:
        remote = dialling()
        remote.meet(introduce(node, peer))
        found = compare_nodes(node, peer.id, remote, uid, period)
        yield _narrow(found, lambda form_id: scope.sees_whole(project_id, form_id, READ), peer)


def _find(node: Node, project_id: int, name: str) -> tuple[PeerNode, str]:
    """Return the active node that is meant, and the uid of the project it shares."""
    with node.database.read() as session:
        known = [peer for peer in peers.iter_peers(session) if peer.is_active]
        shared = {
            peer.id: uid
            for peer in known
            if (uid := shared_projects(session, peer, scope_of_peer(session, peer)).get(project_id))
        }
    meant = [peer for peer in known if peer.id in shared and (name in (peer.name, peer.id) or not name)]
    centres = [peer for peer in meant if peer.is_centre]
    if centres:
        return centres[-1], shared[centres[-1].id]
    if name and meant:
        raise ComparedFromHub(name=meant[-1].name)
    raise NotSharedWith(project=project_id, name=name or "?")


def _narrow(found: Comparison, is_seen: Callable[[str], bool], peer: PeerNode) -> Comparison:
    return replace(
        found,
        there_name=peer.name,
        here=[count for count in found.here if is_seen(count.form_id)],
        there=[count for count in found.there if is_seen(count.form_id)],
        findings=(finding for finding in found.findings if is_seen(finding.held.form_id)),
    )
