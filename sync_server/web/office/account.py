"""One's own account: the password, and where one is signed in."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sync_server.errors import Problem
from sync_server.protocols.authentication import current_node, session_cookie, slow_down_guessing
from sync_server.protocols.needs import needs
from sync_server.services import change_account, two_factor
from sync_server.services import sign_in as signing_in
from sync_server.store.accounts import Actor
from sync_server.web import visitors
from sync_server.web.office.blueprint import office, say

OWN = "one's own account"


@office.get("/account")
@needs(signed_in=OWN, is_for_people=True)
def show_account() -> ResponseReturnValue:
    return show(visitors.require_sign_in())


@office.post("/account/password")
@needs(signed_in=OWN, is_for_people=True)
def change_password() -> ResponseReturnValue:
    """Replace the password; the browser that did it stays signed in, all others are signed out."""
    actor, form = visitors.require_own_page(), request.form
    try:
        with slow_down_guessing(actor.email or ""):
            change_account.change_password(
                current_node(), actor, actor.id, old=form.get("old", ""), new=form.get("new", ""), keep_token=token()
            )
    except Problem as problem:
        return show(actor, problem), status_of(problem)
    return redirect(url_for("office.show_account", done="password"), 303)


@office.post("/account/sessions/end")
@needs(signed_in=OWN, is_for_people=True)
def end_sessions() -> ResponseReturnValue:
    """End one session, or all but the one in use."""
    actor = visitors.require_own_page()
    signing_in.end_sessions(current_node(), actor, handle=request.form.get("session", ""), keep_token=token())
    return redirect(url_for("office.show_account", done="sessions"), 303)


def show(actor: Actor, problem: Problem | None = None) -> str:
    node = current_node()
    return render_template(
        "office/account.html",
        problem=say(problem) if problem else "",
        done=request.args.get("done", ""),
        person=actor,
        two_factor=two_factor.find_two_factor(node, actor),
        is_required=two_factor.is_required(node, actor),
        is_advised=two_factor.is_advised(node, actor),
        sessions=signing_in.list_sessions(node, actor, current_token=token()),
    )


def status_of(problem: Problem) -> int:
    """Answer a wrong password of who is signed in with 400: 401 would say that they are not."""
    return 400 if problem.status == 401 else problem.status


def token() -> str:
    """Return the token of the browser's own session."""
    return request.cookies.get(session_cookie(), "")
