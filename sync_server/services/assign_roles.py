"""Give somebody a role, or take it away: at once, in the feed, and in the audit log.

Nobody hands out more than they hold. Two roles are an administrator's of the whole site to give: that of the
protection focal point, who sees severe answers, and that of a hub. A tablet is given roles in its own project only,
and a public link on its own form.
"""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from sync_server.account_errors import LastAdministrator
from sync_server.core.roles import ADMIN, PEER_VERBS, SEVERE_VERB, Role
from sync_server.core.row_scope import require_readable
from sync_server.core.scope import Grant
from sync_server.errors import InsufficientRights, NotFound, UnexpectedValue
from sync_server.node import Node
from sync_server.services.access import change_access, require, scope_of
from sync_server.services.audit import make_act, write_act
from sync_server.services.project_home import refuse_when_led_elsewhere
from sync_server.store import accounts, assignments, creators, forms, nodes, people, public_links, replicated_accounts
from sync_server.store.accounts import PUBLIC_LINK, USER, Actor
from sync_server.store.assignments import Assignment, actee_of

log = logging.getLogger(__name__)


def assign_role(node: Node, actor: Actor | None, actor_id: int, grant: Grant) -> None:
    """Grant a role to an actor; granting it again changes its rows and level."""
    require_may_grant(node, actor, grant)
    change_access(node, lambda session: assign(session, actor, actor_id, grant))
    where = actee_of(grant.project_id, grant.form_id)
    log.info("role assigned actor=%d role=%s where=%s node=%s", actor_id, grant.role.system, where, node.id)


def unassign_role(
    node: Node, actor: Actor | None, actor_id: int, role: Role, *,
    project_id: int | None = None, form_id: str | None = None,
) -> None:  # fmt: skip
    """Take a role away; raise NotFound when the actor does not have it there."""
    require_may_take(node, actor, role, project_id, form_id)
    change_access(node, lambda session: unassign(session, actor, actor_id, Grant(role, project_id, form_id)))
    where = actee_of(project_id, form_id)
    log.info("role taken away actor=%d role=%s where=%s node=%s", actor_id, role.system, where, node.id)


def list_assignments(
    node: Node, actor: Actor | None, project_id: int | None = None, form_id: str | None = None
) -> list[Assignment]:
    """List who was granted what on exactly this place."""
    require(node, actor, "assignment.list", project_id=project_id, form_id=form_id)
    with node.database.read() as session:
        return assignments.iter_assignments(session, project_id, form_id)


def list_form_assignments(node: Node, actor: Actor | None, project_id: int) -> list[Assignment]:
    """List who was granted what on any form of a project."""
    require(node, actor, "assignment.list", project_id=project_id)
    with node.database.read() as session:
        return assignments.iter_form_assignments(session, project_id)


def require_form(node: Node, project_id: int | None, form_id: str | None) -> None:
    """Raise NotFound for a form that is not there: a role on it would wait for whoever publishes one by that name."""
    if project_id is not None and form_id is not None:
        with node.database.read() as session:
            forms.get_form(session, project_id, form_id)


def find_actors(node: Node, actor_ids: Iterable[int]) -> dict[int, Actor]:
    """Find whom a list of assignments speaks of."""
    with node.database.read() as session:
        return creators.find_actors(session, actor_ids)


def require_may_grant(node: Node, actor: Actor | None, grant: Grant) -> None:
    """Raise unless the actor may grant this, and it can be read."""
    _require_right(node, actor, "assignment.create", grant.role, grant.project_id, grant.form_id)
    if grant.level is not None and grant.level > grant.role.ceiling:
        reason = f"{grant.role.system} sees {grant.role.ceiling.word} answers at most."
        raise UnexpectedValue(field="level", value=grant.level.word, reason=reason)
    if grant.rows is not None:
        require_readable(grant.rows)
    if not scope_of(node, actor).may_grant(grant):
        raise InsufficientRights


def require_may_take(node: Node, actor: Actor | None, role: Role, project_id: int | None, form_id: str | None) -> None:
    """Raise unless the actor may take this role away there."""
    _require_right(node, actor, "assignment.delete", role, project_id, form_id)


def assign(session: Session, actor: Actor | None, actor_id: int, grant: Grant) -> None:
    """Grant a role, in a transaction that does more; the right to was asked for before."""
    other = accounts.get_living_actor(session, actor_id)
    _require_place(session, other, grant)
    if replicated_accounts.is_account_of_home(session, actor_id):
        _require_led_here(session, grant)
    level = None if grant.level is None else grant.level.word
    where = actee_of(grant.project_id, grant.form_id)
    assignments.put_assignment(session, actor_id, grant, now=datetime.now(UTC), by=actor.id if actor else None)
    details = {"role": grant.role.system, "where": where, "rows": grant.rows, "level": level}
    write_act(session, make_act(actor, f"{other.type}.assignment.create", f"actor:{actor_id}", **details))


def unassign(session: Session, actor: Actor | None, actor_id: int, grant: Grant) -> None:
    """Take a role away, in a transaction that does more."""
    other = accounts.get_living_actor(session, actor_id)
    if grant.role is ADMIN and grant.project_id is None:
        _require_another(session, other)
    where = actee_of(grant.project_id, grant.form_id)
    if replicated_accounts.is_granted_by_home(session, actor_id, grant):
        _require_led_here(session, grant)
    if not assignments.delete_assignment(session, actor_id, grant.role, where):
        raise NotFound
    details = {"role": grant.role.system, "where": where}
    write_act(session, make_act(actor, f"{other.type}.assignment.delete", f"actor:{actor_id}", **details))


def _require_right(
    node: Node, actor: Actor | None, verb: str, role: Role, project_id: int | None, form_id: str | None
) -> None:
    require(node, actor, verb, project_id=project_id, form_id=form_id)
    if role.verbs & {SEVERE_VERB, *PEER_VERBS}:
        require(node, actor, verb)


def _require_place(session: Session, other: Actor, grant: Grant) -> None:
    """Raise NotFound for what is not there, and for a place where this tablet or link does not belong."""
    if grant.project_id is not None and nodes.find_project(session, grant.project_id) is None:
        raise NotFound
    if other.project_id not in (None, grant.project_id):
        raise NotFound
    if other.type == PUBLIC_LINK:
        link = public_links.get_link(session, other.id)
        if (link.actor.project_id, link.form_id) != (grant.project_id, grant.form_id):
            raise NotFound


def _require_led_here(session: Session, grant: Grant) -> None:
    """Raise LedElsewhere for what only the project's home grants; this node's own people and tablets are its matter."""
    if grant.project_id is not None:
        refuse_when_led_elsewhere(session, grant.project_id)


def _require_another(session: Session, other: Actor) -> None:
    """Raise LastAdministrator when nobody would be left to let others in."""
    if other.type == USER and other.is_administrator and people.count_administrators(session) == 1:
        raise LastAdministrator
