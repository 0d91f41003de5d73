"""People with accounts: list them, add one, hand over a code for a password, end their access."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sync_server.core.roles import ROLES
from sync_server.core.sensitivity import Level
from sync_server.errors import Problem
from sync_server.protocols.authentication import current_node
from sync_server.protocols.needs import needs
from sync_server.services import access, change_account, reset_password, two_factor, users
from sync_server.services.assign_roles import assign_role, require_form
from sync_server.services.tablet_address import is_this_machine_only, root_url
from sync_server.store.accounts import Actor
from sync_server.web import visitors
from sync_server.web.office.blueprint import office, say
from sync_server.web.office.role_form import read_grant
from sync_server.web.office.role_names import ASSIGNABLE, LEVEL_NAMES, ROLE_NAMES


@office.get("/people")
@needs(verb="user.list")
def show_people() -> ResponseReturnValue:
    return _list(visitors.require_sign_in())


@office.post("/people")
@needs(verb="user.create")
def post_person() -> ResponseReturnValue:
    """Add a person with a first role, and show the code for their first password, once."""
    actor, node, form = visitors.require_own_page(), current_node(), request.form
    try:
        grant = read_grant(form)
        if grant:
            require_form(node, grant.project_id, grant.form_id)
        added = users.add_user(node, actor, form.get("email", ""), None, display_name=form.get("name", "")[:200])
        if grant:
            assign_role(node, actor, added.id, grant)
        code = reset_password.make_reset_code(node, actor, added.id)
    except Problem as problem:
        return _list(actor, problem), problem.status
    return _show_link(added, code)


@office.get("/people/<int:user_id>")
@needs(verb="user.read")
def show_person(user_id: int) -> ResponseReturnValue:
    return show(visitors.require_sign_in(), user_id)


@office.post("/people/<int:user_id>/reset-link")
@needs(verb="user.update")
def post_reset_link(user_id: int) -> ResponseReturnValue:
    actor, node = visitors.require_own_page(), current_node()
    code = reset_password.make_reset_code(node, actor, user_id)
    return _show_link(reset_password.get_user(node, user_id), code)


@office.post("/people/<int:user_id>/two-factor/off")
@needs(verb="user.update")
def turn_off_two_factor_of(user_id: int) -> ResponseReturnValue:
    actor, node = visitors.require_own_page(), current_node()
    person = reset_password.get_user(node, user_id)
    if two_factor.is_on(node, person):
        two_factor.turn_off(node, actor, person)
    return redirect(url_for("office.show_person", user_id=user_id), 303)


@office.post("/people/<int:user_id>/end")
@needs(verb="user.delete")
def end_person(user_id: int) -> ResponseReturnValue:
    actor = visitors.require_own_page()
    try:
        change_account.delete_user(current_node(), actor, user_id)
    except Problem as problem:
        return show(actor, user_id, problem), problem.status
    return redirect(url_for("office.show_people"), 303)


def show(actor: Actor, user_id: int, problem: Problem | None = None) -> str:
    node = current_node()
    person = change_account.read_user(node, actor, user_id)
    return render_template(
        "office/person.html",
        problem=say(problem) if problem else "",
        person=person,
        grants=access.scope_of(node, person).grants,
        two_factor=two_factor.find_two_factor(node, person),
        is_oneself=person.id == actor.id,
        **_choices(),
    )


def _list(actor: Actor, problem: Problem | None = None) -> str:
    node, words = current_node(), request.args.get("q", "")
    people = change_account.find_users(node, actor, words)
    return render_template(
        "office/people.html",
        problem=say(problem) if problem else "",
        words=words,
        people=[(person, access.scope_of(node, person).grants) for person in people],
        form=request.form,
        **_choices(),
    )


def _choices() -> dict[str, object]:
    return {
        "roles": [role for role in ROLES if role.system in ASSIGNABLE],
        "role_names": ROLE_NAMES,
        "levels": list(Level),
        "level_names": LEVEL_NAMES,
    }


def _show_link(person: Actor, code: str) -> str:
    root = root_url(current_node().settings, seen_at=request.host_url)
    link = reset_password.make_link(root, code)
    is_here_only = is_this_machine_only(root)
    return render_template(
        "office/reset_link.html", person=person, link=link, code=code, page=link.partition("#")[0],
        is_this_machine_only=is_here_only,
    )  # fmt: skip
