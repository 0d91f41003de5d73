"""Take what a project's home says: nodes' keys, the project, who may sign in, forms.

Everything here is idempotent, and tells the feed only of what really changed: two nodes that say the same to each other
for ever would else never be quiet.
"""

from sync_server.core.replication_items import NodeItem, ProjectItem
from sync_server.replication.incoming_accounts import take_account as take_account
from sync_server.replication.incoming_forms import take_form as take_form
from sync_server.replication.incoming_forms import take_form_version as take_form_version
from sync_server.replication.taking import NOT_FROM_A_HUB, NOT_WHAT_IT_SAYS, NotTaken, Taking
from sync_server.store import known_nodes, projects
from sync_server.store.peers import find_peer

KEY_BYTES = 32  # Ed25519


def take_node(taking: Taking, item: NodeItem) -> None:
    """Know another node's key by its home's word; a key that is known never changes."""
    if not taking.peer.is_centre:
        raise NotTaken(NOT_FROM_A_HUB)
    if len(item.public_key) != KEY_BYTES:
        raise NotTaken(NOT_WHAT_IT_SAYS)
    if item.id == taking.node.id or find_peer(taking.session, item.id) is not None:
        return  # known at first hand
    known = known_nodes.find_node(taking.session, item.id)
    if known is not None and known[1] != item.public_key:
        raise NotTaken(NOT_WHAT_IT_SAYS)
    if known is None:
        told = {"name": item.node_name, "public_key": item.public_key, "vouched_by": taking.peer.id}
        known_nodes.add_node(taking.session, item.id, **told)  # type: ignore[arg-type]
    elif known[0] != item.node_name:
        known_nodes.rename_node(taking.session, item.id, item.node_name)
    else:
        return
    taking.tell("node", f"node:{item.id}", "known")


def take_project(taking: Taking, item: ProjectItem) -> None:
    if not taking.is_led_by_sender(item.project):
        raise NotTaken(NOT_FROM_A_HUB)
    project_id = taking.project(item.project)
    said = {"name": item.title, "description": item.description, "is_archived": item.is_archived}
    if projects.put_project_of_home(taking.session, project_id, now=taking.now, **said):  # type: ignore[arg-type]
        taking.tell("project", f"project:{project_id}", "changed")
