"""Set up, renew and turn off one's own sign-in with a code from an app."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sync_server.core.ids import sha256_hex
from sync_server.errors import InsufficientRights, NotFound, Problem
from sync_server.protocols.authentication import current_node, slow_down_guessing
from sync_server.protocols.needs import needs
from sync_server.services import two_factor
from sync_server.services.two_factor import Enrolment
from sync_server.store.accounts import Actor
from sync_server.web import visitors
from sync_server.web.office.account import OWN, show, status_of, token
from sync_server.web.office.blueprint import office, say
from sync_server.web.office.qr_code import draw_code


@office.post("/account/two-factor")
@needs(signed_in=OWN, is_for_people=True)
def begin_two_factor() -> ResponseReturnValue:
    """Show the key for the app, to who proves with the password that it is their account."""
    actor = visitors.require_own_page()
    try:
        _require_password(actor)
        return _enrolment(two_factor.begin(current_node(), actor))
    except Problem as problem:
        return show(actor, problem), status_of(problem)


@office.post("/account/two-factor/confirm")
@needs(signed_in=OWN, is_for_people=True)
def confirm_two_factor() -> ResponseReturnValue:
    actor, node = visitors.require_own_page(), current_node()
    try:
        begun = two_factor.get_begun(node, actor)
    except NotFound:  # another window was faster
        return redirect(url_for("office.show_account"), 303)
    try:
        with slow_down_guessing(actor.email or ""):
            kept = sha256_hex(token().encode())
            codes = two_factor.confirm(node, actor, request.form.get("code", ""), keep_session=kept)
    except Problem as problem:
        return _enrolment(begun, problem), status_of(problem)
    return render_template("office/recovery_codes.html", codes=codes, next=url_for("office.show_account"))


@office.post("/account/two-factor/recovery-codes")
@needs(signed_in=OWN, is_for_people=True)
def renew_recovery_codes() -> ResponseReturnValue:
    actor = visitors.require_own_page()
    try:
        with slow_down_guessing(actor.email or ""):
            codes = two_factor.renew_recovery_codes(current_node(), actor, request.form.get("password", ""))
    except Problem as problem:
        return show(actor, problem), status_of(problem)
    return render_template("office/recovery_codes.html", codes=codes, next=url_for("office.show_account"))


@office.post("/account/two-factor/off")
@needs(signed_in=OWN, is_for_people=True)
def turn_two_factor_off() -> ResponseReturnValue:
    """Turn it off by password; not where one's role must have it."""
    actor, node = visitors.require_own_page(), current_node()
    try:
        _require_password(actor)
        if two_factor.is_required(node, actor):
            raise InsufficientRights
        two_factor.turn_off(node, actor, actor)
    except Problem as problem:
        return show(actor, problem), status_of(problem)
    return redirect(url_for("office.show_account", done="two-factor-off"), 303)


def _require_password(actor: Actor) -> None:
    with slow_down_guessing(actor.email or ""):
        two_factor.require_password(current_node(), actor, request.form.get("password", ""))


def _enrolment(enrolment: Enrolment, problem: Problem | None = None) -> str:
    return render_template(
        "office/enrol.html",
        problem=say(problem) if problem else "",
        key=enrolment.key,
        code=draw_code(enrolment.uri),
    )
