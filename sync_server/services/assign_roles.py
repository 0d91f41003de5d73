"""Give somebody a role, or take it away: at once, in the feed, and in the audit log.

Who may assign in a project may assign there every role but one: that of the protection focal point, who sees severe
answers, is given by an administrator of the whole site only.
"""

import logging
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from sync_server.core.roles import SEVERE_VERB, Role
from sync_server.core.scope import Grant
from sync_server.errors import NotFound
from sync_server.node import Node
from sync_server.services.access import change_access, require
from sync_server.services.audit import make_act, write_act
from sync_server.store import accounts, assignments
from sync_server.store.accounts import Actor
from sync_server.store.assignments import Assignment, actee_of

log = logging.getLogger(__name__)


def assign_role(node: Node, actor: Actor | None, actor_id: int, grant: Grant) -> None:
    """Grant a role to an actor; granting it again changes its rows and level."""
    _require_right(node, actor, "assignment.create", grant.role, grant.project_id, grant.form_id)
    where, now = actee_of(grant.project_id, grant.form_id), datetime.now(UTC)
    level = None if grant.level is None else grant.level.word
    details = {"role": grant.role.system, "where": where, "rows": grant.rows, "level": level}
    act = make_act(actor, "assignment.create", f"actor:{actor_id}", **details)

    def assign(session: Session) -> None:
        kind = accounts.get_living_actor(session, actor_id).type
        assignments.put_assignment(session, actor_id, grant, now=now, by=actor.id if actor else None)
        write_act(session, act, action=f"{kind}.{act.action}")

    change_access(node, assign)
    log.info("role assigned actor=%d role=%s where=%s node=%s", actor_id, grant.role.system, where, node.id)


def unassign_role(
    node: Node, actor: Actor | None, actor_id: int, role: Role, *,
    project_id: int | None = None, form_id: str | None = None,
) -> None:  # fmt: skip
    """Take a role away; raise NotFound when the actor does not have it there."""
    _require_right(node, actor, "assignment.delete", role, project_id, form_id)
    where = actee_of(project_id, form_id)
    act = make_act(actor, "assignment.delete", f"actor:{actor_id}", role=role.system, where=where)

    def unassign(session: Session) -> None:
        kind = accounts.get_living_actor(session, actor_id).type
        if not assignments.delete_assignment(session, actor_id, role, where):
            raise NotFound
        write_act(session, act, action=f"{kind}.{act.action}")

    change_access(node, unassign)
    log.info("role taken away actor=%d role=%s where=%s node=%s", actor_id, role.system, where, node.id)


def list_assignments(
    node: Node, actor: Actor | None, project_id: int | None = None, form_id: str | None = None
) -> list[Assignment]:
    """List who was granted what on exactly this place."""
    require(node, actor, "assignment.list", project_id=project_id, form_id=form_id)
    with node.database.read() as session:
        return assignments.iter_assignments(session, project_id, form_id)


def _require_right(
    node: Node, actor: Actor | None, verb: str, role: Role, project_id: int | None, form_id: str | None
) -> None:
    require(node, actor, verb, project_id=project_id, form_id=form_id)
    if SEVERE_VERB in role.verbs:
        require(node, actor, verb)
