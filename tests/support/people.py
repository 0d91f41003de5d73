"""Give the people of a test their roles, as the operator at the machine does."""

from sync_server.core.roles import Role
from sync_server.core.scope import Grant
from sync_server.core.sensitivity import Level
from sync_server.node import Node
from sync_server.services import users
from sync_server.services.assign_roles import assign_role
from sync_server.store.accounts import Actor

PASSWORD = "correct horse battery"


def add_person(node: Node, name: str, *grants: Grant) -> Actor:
    """Add an account, alice@example.org for "alice", with these roles."""
    person = users.add_user(node, None, f"{name}@example.org", PASSWORD, display_name=name.capitalize())
    for grant in grants:
        assign_role(node, None, person.id, grant)
    return person


def give_role(
    node: Node, actor: Actor, role: Role, project_id: int | None = 1, form_id: str | None = None,
    *, rows: str | None = None, level: Level | None = None,
) -> None:  # fmt: skip
    """Give an actor a role, in project 1 unless told otherwise."""
    assign_role(node, None, actor.id, Grant(role, project_id, form_id, rows, level))
