"""What all pages of the field office share: templates, headers, how a Problem looks."""

import logging
from pathlib import Path
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from sync_server.account_errors import LoginRequired
from sync_server.errors import NotFound, Problem, RequestNotUnderstood
from sync_server.protocols import endpoint
from sync_server.protocols.authentication import current_node
from sync_server.protocols.needs import admit_actor, current_need
from sync_server.services import access
from sync_server.services.office_overview import name_node
from sync_server.store.accounts import USER
from sync_server.web import languages, visitors
from sync_server.web.office.local_times import FILTERS

log = logging.getLogger(__name__)

WEB = Path(__file__).parents[1]

# Nothing but our own style sheet and pictures: no scripts, no frames, no form that posts elsewhere.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

# The one page whose own script shows how far an upload is; without it, the page does the same.
SCRIPT_POLICY = f"{POLICY}; script-src 'self'; connect-src 'self'"

office = Blueprint(
    "office",
    __name__,
    template_folder=str(WEB / "templates"),
    static_folder=str(WEB / "static"),
    static_url_path="/assets",
)
for _name, _convert in FILTERS.items():
    office.add_app_template_filter(_convert, _name)


@office.before_request
def _admit() -> None:
    """Ask for what the page declares; pages know people by their cookie only."""
    if request.endpoint != "office.static" and not (need := current_need()).anyone:
        actor = visitors.require_sign_in()
        if actor.type != USER:  # a link's or a hub's token is no person
            raise LoginRequired
        admit_actor(actor, need)


@office.context_processor
def _for_every_page() -> dict[str, Any]:
    return {
        "language": languages.choose_language(request),
        "languages": languages.LANGUAGES.values(),
        "in_language": _in_language,
        "node_name": name_node(current_node()),
        "sign_in": (found := visitors.find_sign_in()),
        "may_see_centre": found is not None
        and access.scope_of(current_node(), found.actor).may_somewhere("quarantine.read"),
        "may_see_clocks": found is not None
        and access.scope_of(current_node(), found.actor).may_somewhere("submission.read"),
        "may_see_lists": found is not None
        and access.scope_of(current_node(), found.actor).may_somewhere("entity.list"),
        "may_see_people": found is not None and access.may(current_node(), found.actor, "user.list"),
    }


def _in_language(language: languages.Language) -> str:
    """Return this page in another language; the first page, where this one was the answer to a form."""
    if request.method != "GET" or request.endpoint is None:
        return url_for("office.show_first_page", lang=language.code)
    if "token" in (request.view_args or {}):  # of a tablet: it is in the address, and is written on no page
        return f"?lang={language.code}"
    return url_for(request.endpoint, next=request.args.get("next"), lang=language.code, **(request.view_args or {}))


@office.after_request
def _keep_private(response: Response) -> Response:
    """Office computers are shared: nothing of a page stays in their cache, or is told to other sites."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if request.endpoint != "office.static":
        response.headers["Cache-Control"] = "no-store"
        languages.keep_choice(request, response)
    return response


@office.errorhandler(Problem)
def _show_problem(problem: Problem) -> Response | tuple[str, int]:
    if isinstance(problem, LoginRequired):
        return redirect(url_for("office.show_sign_in", next=request.path), 303)
    return render_template("office/problem.html", text=say(problem)), problem.status


@office.errorhandler(HTTPException)
def _show_refusal(error: HTTPException) -> Response | tuple[str, int]:
    return _show_problem(NotFound() if error.code == 404 else RequestNotUnderstood(reason=error.name))


@office.app_errorhandler(404)
def _show_nothing_here(error: HTTPException) -> Any:
    """Show a page to whoever mistyped an address in a browser; a program is answered in its own dialect."""
    if request.blueprint != "office" and not _is_at_a_browser():
        return endpoint.answer_error(error)
    page = render_template("office/problem.html", text=say(NotFound()), **_for_every_page())
    return _keep_private(make_response(page, 404))


def _is_at_a_browser() -> bool:
    """Tell a person from a program: no client of the doors asks for HTML by name, and none would read it."""
    is_of_a_door = request.path.startswith("/v1/") or endpoint.is_openrosa_path(request.path)
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "") and not is_of_a_door


@office.errorhandler(Exception)
def _show_accident(error: Exception) -> Response | tuple[str, int]:
    log.error("unexpected error rule=%s method=%s", request.url_rule, request.method, exc_info=error)
    return _show_problem(Problem())


def say(problem: Problem) -> str:
    """Say a Problem in the language of the page."""
    return str(gettext(problem.message)).format(**problem.details)
