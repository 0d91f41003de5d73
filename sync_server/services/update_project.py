"""Set a project, the states of its forms and who has which form, all at once or not at all (ODK Central's deep PUT).

What is not named is taken away: roles on a form that stand in no list of it end. Two kinds never do, because no list of
people and tablets can name them: the links' own, and the roles that see severe answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from sync_server.core.roles import PUBLIC_LINK, SEVERE_VERB, Role
from sync_server.core.scope import Grant
from sync_server.errors import FormsDiffer, NotFound, UnexpectedValue, UnknownReference
from sync_server.node import Node
from sync_server.services.access import change_access, require, require_project
from sync_server.services.assign_roles import assign, require_may_grant, require_may_take, unassign
from sync_server.services.form_state import decide_form_state, require_state
from sync_server.services.project_home import require_led_here
from sync_server.services.projects import ProjectChanges, change, require_changes
from sync_server.store import accounts, assignments, forms, projects
from sync_server.store.accounts import Actor
from sync_server.store.assignments import Assignment
from sync_server.store.projects import Project

Holder = tuple[int, Role]


@dataclass(frozen=True, slots=True)
class FormUpdate:
    """One form as it should be; `holders` None: who has it stays as it is."""

    form_id: str
    state: str | None
    holders: Sequence[Holder] | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the lists ask for, compared with what there is."""

    added: list[tuple[int, Grant]]
    ended: list[Assignment]


def update_project(
    node: Node, actor: Actor | None, project_id: int, changes: ProjectChanges, wanted: Sequence[FormUpdate] | None
) -> Project:
    """Set everything at once; raise FormsDiffer when `wanted` does not name every form exactly once."""
    require_project(node, project_id)
    require(node, actor, "project.update", project_id=project_id)
    require_led_here(node, project_id)
    require_changes(changes)
    plan = _plan(node, actor, project_id, wanted or ())

    def put(session: Session) -> Project:
        if wanted is not None:
            _require_every_form(session, project_id, wanted)
        for form in wanted or ():
            if form.state is not None:
                decide_form_state(session, actor, project_id, form.form_id, form.state, "")
        _apply(session, actor, plan)
        return change(session, actor, project_id, changes)

    return change_access(node, put)


def _plan(node: Node, actor: Actor | None, project_id: int, wanted: Sequence[FormUpdate]) -> _Plan:
    """Compare, and ask for the right to every step before the first is done."""
    with node.database.read() as session:
        if wanted:
            _require_every_form(session, project_id, wanted)
        there = assignments.iter_form_assignments(session, project_id)
    plan = _Plan([], [])
    for form in wanted:
        if form.state is not None:
            require(node, actor, "form.update", project_id=project_id, form_id=form.form_id)
            require_state(form.state)
        if form.holders is not None:
            _compare(plan, project_id, form.form_id, form.holders, there)
    for _, grant in plan.added:
        require_may_grant(node, actor, grant)
    for each in plan.ended:
        require_may_take(node, actor, each.grant.role, project_id, each.grant.form_id)
    return plan


def _compare(
    plan: _Plan, project_id: int, form_id: str, holders: Sequence[Holder], there: Sequence[Assignment]
) -> None:
    has = [each for each in there if each.grant.form_id == form_id]
    known = {(each.actor_id, each.grant.role) for each in has}
    plan.added.extend(
        (actor_id, Grant(role, project_id, form_id))
        for actor_id, role in dict.fromkeys(holders)
        if (actor_id, role) not in known
    )
    plan.ended.extend(
        each
        for each in has
        if (each.actor_id, each.grant.role) not in set(holders)
        and each.grant.role is not PUBLIC_LINK
        and SEVERE_VERB not in each.grant.role.verbs
    )


def _apply(session: Session, actor: Actor | None, plan: _Plan) -> None:
    for each in plan.ended:
        unassign(session, actor, each.actor_id, each.grant)
    for actor_id, grant in plan.added:
        if accounts.find_living_actor(session, actor_id) is None:
            raise UnknownReference(field="actorId", value=actor_id)
        try:
            assign(session, actor, actor_id, grant)
        except NotFound as error:  # a tablet of another project, which this one need not know of
            raise UnknownReference(field="actorId", value=actor_id) from error


def _require_every_form(session: Session, project_id: int, wanted: Sequence[FormUpdate]) -> None:
    named = [form.form_id for form in wanted]
    projects.get_project(session, project_id)
    if len(set(named)) < len(named):
        twice = next(form_id for form_id in named if named.count(form_id) > 1)
        raise UnexpectedValue(field="xmlFormId", value=twice, reason="it stands there twice.")
    if set(named) != {form.form_id for form in forms.iter_forms(session, project_id)}:
        raise FormsDiffer
