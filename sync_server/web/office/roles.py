"""Give a person a role, or take one away."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from sync_server.core.roles import find_role
from sync_server.errors import Problem
from sync_server.protocols.authentication import current_node
from sync_server.protocols.needs import needs
from sync_server.services.assign_roles import assign_role, require_form, unassign_role
from sync_server.web import visitors
from sync_server.web.office.blueprint import office
from sync_server.web.office.people import show
from sync_server.web.office.role_form import read_grant


@office.post("/people/<int:user_id>/roles")
@needs(verb="user.update")
def post_role(user_id: int) -> ResponseReturnValue:
    actor = visitors.require_own_page()
    try:
        if grant := read_grant(request.form):
            require_form(current_node(), grant.project_id, grant.form_id)
            assign_role(current_node(), actor, user_id, grant)
    except Problem as problem:
        return show(actor, user_id, problem), problem.status
    return redirect(url_for("office.show_person", user_id=user_id), 303)


@office.post("/people/<int:user_id>/roles/end")
@needs(verb="user.update")
def end_role(user_id: int) -> ResponseReturnValue:
    actor, form = visitors.require_own_page(), request.form
    role = find_role(form.get("role", ""))
    try:
        if role is not None:
            project_id = form.get("project", None, type=int)
            form_id = form.get("form") or None
            unassign_role(current_node(), actor, user_id, role, project_id=project_id, form_id=form_id)
    except Problem as problem:
        return show(actor, user_id, problem), problem.status
    return redirect(url_for("office.show_person", user_id=user_id), 303)
