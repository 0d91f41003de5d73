"""Sign in and out."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sync_server.errors import AuthenticationFailed, TooManyAttempts
from sync_server.protocols.authentication import current_node, slow_down_guessing
from sync_server.protocols.needs import needs
from sync_server.services.sign_in import create_session
from sync_server.web import visitors
from sync_server.web.office.blueprint import office, say


@office.get("/sign-in")
@needs(anyone="signing in")
def show_sign_in() -> ResponseReturnValue:
    return _form(problem=None)


@office.post("/sign-in")
@needs(anyone="signing in")
def sign_in() -> ResponseReturnValue:
    visitors.require_own_origin()
    email = request.form.get("email", "")
    try:
        with slow_down_guessing(email):
            new = create_session(current_node(), email, request.form.get("password", ""))
    except (AuthenticationFailed, TooManyAttempts) as problem:
        return _form(problem), problem.status
    return visitors.remember(redirect(_next(), 303), new)


@office.post("/sign-out")
@needs(signed_in="ends one's own session")
def sign_out() -> ResponseReturnValue:
    visitors.require_own_page()
    return visitors.forget(redirect(url_for("office.show_first_page"), 303))


def _form(problem: AuthenticationFailed | TooManyAttempts | None) -> str:
    text = say(problem) if problem else ""
    return render_template("office/sign_in.html", problem=text, email=request.form.get("email", ""), next=_next())


def _next() -> str:
    """Return where to go afterwards: a page of this server, never another site."""
    path = request.values.get("next", "")
    # "//host" and "/\\host" begin with a slash and still lead elsewhere.
    is_ours = path.startswith("/") and path[1:2] not in ("/", "\\") and path.isprintable()
    return path if is_ours else url_for("office.show_first_page")
