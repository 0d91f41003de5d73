"""Sign in and out: a password, and where it is set up, a code from an app.

Between the two pages stands a ticket in the form, not a session: who knows the password alone has nothing yet.
"""

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from sync_server.account_errors import AuthenticationFailed, CodeNeeded, TooManyAttempts, TwoFactorMissing
from sync_server.errors import NotFound, StalePage
from sync_server.protocols.authentication import current_node, remember_device, slow_down_guessing
from sync_server.protocols.needs import needs
from sync_server.services import sign_in as signing_in
from sync_server.services import two_factor
from sync_server.services.sign_in import NewSession
from sync_server.store.accounts import Actor
from sync_server.web import visitors
from sync_server.web.office.blueprint import office, say
from sync_server.web.office.qr_code import draw_code


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
            actor = signing_in.check_password(current_node(), email, request.form.get("password", ""))
    except (AuthenticationFailed, TooManyAttempts) as problem:
        return _form(problem), problem.status
    try:
        two_factor.require_code(current_node(), actor, "")
    except CodeNeeded:
        return _ask_code(actor)
    except TwoFactorMissing:
        return _ask_enrolment(actor)
    return _enter(signing_in.begin_session(current_node(), actor))


@office.post("/sign-in/code")
@needs(anyone="signing in: the ticket of the page before is the proof")
def sign_in_with_code() -> ResponseReturnValue:
    visitors.require_own_origin()
    node, actor = current_node(), _read_ticket()
    try:
        with slow_down_guessing(actor.email or ""):
            two_factor.require_code(node, actor, request.form.get("code", "") or " x")
    except (AuthenticationFailed, TooManyAttempts) as problem:
        return _ask_code(actor, problem), problem.status
    return _enter(signing_in.begin_session(node, actor))


@office.post("/sign-in/enrol")
@needs(anyone="signing in: the ticket of the page before is the proof")
def enrol_at_sign_in() -> ResponseReturnValue:
    """Put two-factor in force for an account that must have it, and sign in; the recovery codes are shown once."""
    visitors.require_own_origin()
    node, actor = current_node(), _read_ticket()
    try:
        with slow_down_guessing(actor.email or ""):
            codes = two_factor.confirm(node, actor, request.form.get("code", ""))
    except (AuthenticationFailed, TooManyAttempts) as problem:
        return _ask_enrolment(actor, problem), problem.status
    new = signing_in.begin_session(node, actor)
    page = make_response(render_template("office/recovery_codes.html", codes=codes, next=_next()))
    return _signed_in(page, new)


@office.post("/sign-out")
@needs(signed_in="ends one's own session")
def sign_out() -> ResponseReturnValue:
    visitors.require_own_page()
    return visitors.forget(redirect(url_for("office.show_first_page"), 303))


def _form(problem: AuthenticationFailed | TooManyAttempts | None) -> str:
    text = say(problem) if problem else ""
    return render_template("office/sign_in.html", problem=text, email=request.form.get("email", ""), next=_next())


def _ask_code(actor: Actor, problem: AuthenticationFailed | TooManyAttempts | None = None) -> str:
    ticket = signing_in.make_ticket(current_node(), actor)
    return render_template(
        "office/sign_in_code.html", problem=say(problem) if problem else "", ticket=ticket, next=_next()
    )


def _ask_enrolment(actor: Actor, problem: AuthenticationFailed | TooManyAttempts | None = None) -> str:
    """Show the key again after a mistyped code, else make one."""
    node = current_node()
    try:
        enrolment = two_factor.get_begun(node, actor)
    except NotFound:
        enrolment = two_factor.begin(node, actor)
    return render_template(
        "office/sign_in_enrol.html",
        problem=say(problem) if problem else "",
        ticket=signing_in.make_ticket(node, actor),
        key=enrolment.key,
        code=draw_code(enrolment.uri),
        next=_next(),
    )


def _read_ticket() -> Actor:
    """Return who gave the right password; raise StalePage when that was too long ago."""
    try:
        return signing_in.read_ticket(current_node(), request.form.get("ticket", ""))
    except AuthenticationFailed as error:
        raise StalePage from error


def _enter(new: NewSession) -> Response:
    return _signed_in(redirect(_next(), 303), new)


def _signed_in(response: Response, new: NewSession) -> Response:
    remember_device(response, new.actor)
    return visitors.remember(response, new)


def _next() -> str:
    """Return where to go afterwards: a page of this server, never another site."""
    path = request.values.get("next", "")
    # "//host" and "/\\host" begin with a slash and still lead elsewhere.
    is_ours = path.startswith("/") and path[1:2] not in ("/", "\\") and path.isprintable()
    return path if is_ours else url_for("office.show_first_page")
