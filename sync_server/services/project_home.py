"""A project is led by one node, its home: forms, accounts, roles and rules are made there, and come here from there.

What a tablet or a person of this node does (submit, review, correct) is done here as anywhere.
"""

from sqlalchemy.orm import Session

from sync_server.node import Node
from sync_server.peer_errors import LedElsewhere
from sync_server.store import projects
from sync_server.store.peers import find_peer


def require_led_here(node: Node, project_id: int) -> None:
    """Raise LedElsewhere when another node leads the project; one that is not there is led by nobody else."""
    with node.database.read() as session:
        refuse_when_led_elsewhere(session, project_id)


def refuse_when_led_elsewhere(session: Session, project_id: int) -> None:
    """As `require_led_here`, within a transaction."""
    home = find_home_name(session, project_id)
    if home is not None:
        raise LedElsewhere(home=home)


def is_led_here(node: Node, project_id: int) -> bool:
    with node.database.read() as session:
        return projects.find_home(session, project_id) is None


def find_home_name(session: Session, project_id: int) -> str | None:
    """Name the node that leads a project, as people call it; None: this one."""
    home = projects.find_home(session, project_id)
    if home is None:
        return None
    peer = find_peer(session, home)
    return peer.name if peer else home
