"""Ask whether somebody may: every service and every door asks here, and core/scope answers.

A refusal must not tell whether a thing exists to those who may not know: what nothing was granted on, in or above is
NotFound, as if it were not there. What an actor knows of, and may not do this to, is InsufficientRights.
"""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session

from sync_server.core.scope import READ, Grant, Scope, View, operator_scope, stranger_scope
from sync_server.errors import InsufficientRights, NotFound
from sync_server.node import Node
from sync_server.services.audit import noted
from sync_server.store import assignments, projects
from sync_server.store.accounts import Actor

R = TypeVar("R")

_OPERATOR = operator_scope()
STRANGER = stranger_scope()


def scope_of(node: Node, actor: Actor | None) -> Scope:
    """Return what an actor may have; `actor` None is the operator at the machine itself."""
    if actor is None:
        return _OPERATOR
    return Scope(actor.id, actor.type, () if actor.is_revoked else _grants(node, actor.id))


def may(
    node: Node, actor: Actor | None, verb: str, *, project_id: int | None = None, form_id: str | None = None
) -> bool:
    """Tell whether the actor may do this to the site, a project or a form."""
    return scope_of(node, actor).may(verb, project_id, form_id)


def require(
    node: Node, actor: Actor | None, verb: str, *, project_id: int | None = None, form_id: str | None = None
) -> Scope:
    """Return the actor's scope if it may do this; raise InsufficientRights, or NotFound as if it were not there."""
    scope = scope_of(node, actor)
    if scope.may(verb, project_id, form_id):
        return scope
    if project_id is None or scope.knows(project_id, form_id):
        raise InsufficientRights
    raise NotFound


def require_somewhere(node: Node, actor: Actor | None, verb: str, *, project_id: int | None = None) -> Scope:
    """As `require`, for lists that show of a project, or of all, what the actor may have: one thing is enough."""
    scope = scope_of(node, actor)
    return scope if scope.may_somewhere(verb, project_id) else require(node, actor, verb, project_id=project_id)


def require_project(node: Node, project_id: int) -> None:
    """Raise NotFound for a project that is not there, or was deleted: nothing in it is for anybody then."""
    with node.database.read() as session:
        projects.get_project(session, project_id)


def find_view(node: Node, actor: Actor | None, project_id: int, form_id: str, verb: str = READ) -> View | None:
    """Return which rows of a form the actor may read, and how much of them; None when nothing."""
    return scope_of(node, actor).view(project_id, form_id, verb)


def get_view(node: Node, actor: Actor | None, project_id: int, form_id: str, verb: str = READ) -> View:
    """As `find_view`; raise as `require` does when there is nothing to see."""
    view = find_view(node, actor, project_id, form_id, verb)
    return view or _refuse(node, actor, verb, project_id, form_id)


def change_access(node: Node, function: Callable[[Session], R]) -> R:
    """Write something that changes who may come in or what they may, and know it at once."""
    try:
        return node.write(noted(function))
    finally:
        node.tokens.forget()
        node.grants.forget()


def _refuse(node: Node, actor: Actor | None, verb: str, project_id: int, form_id: str) -> View:
    require(node, actor, verb, project_id=project_id, form_id=form_id)
    raise NotFound


def _grants(node: Node, actor_id: int) -> tuple[Grant, ...]:
    """Load an actor's grants in one query; from memory for a second, so that an upload costs none."""

    def look_up() -> tuple[Grant, ...]:
        with node.database.read() as session:
            return assignments.find_grants(session, actor_id)

    return node.grants.get(actor_id, look_up)
