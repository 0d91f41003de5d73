"""The pages Lists: which there are, a page of one, and what submissions could not do to them."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from sync_server.protocols.authentication import current_node
from sync_server.protocols.needs import needs
from sync_server.services.see_entities import VERB, see_failed, see_list, see_lists
from sync_server.web import visitors
from sync_server.web.office.blueprint import office
from sync_server.web.office.entity_words import FAILURES

MOST_FAILED = 200  # on a page; all of them are in `sync-server entities failed`


@office.get("/lists")
@needs(verb=VERB, is_somewhere=True, is_filtered=True)
def show_lists() -> ResponseReturnValue:
    return render_template("office/lists.html", projects=see_lists(current_node(), visitors.require_sign_in()))


@office.get("/lists/<int:project_id>/<list_name>")
@needs(verb=VERB, is_filtered=True)
def show_list(project_id: int, list_name: str) -> ResponseReturnValue:
    """Show a page of a list; the next begins after the label and id in the address."""
    words, needs_person = request.args.get("q", "")[:200], request.args.get("look") == "1"
    after = (request.args["after"], request.args.get("id", "")) if "after" in request.args else None
    actor = visitors.require_sign_in()
    page = see_list(current_node(), actor, project_id, list_name, words=words, needs_person=needs_person, after=after)
    return render_template(
        "office/list.html", page=page, words=words, needs_person=needs_person, is_first=after is None
    )


@office.get("/lists/<int:project_id>/!failed")
@needs(verb=VERB, is_whole=True)
def show_failed(project_id: int) -> ResponseReturnValue:
    """Show what submissions could not do to lists, and what to do about it. No list has a name like that."""
    found = see_failed(current_node(), visitors.require_sign_in(), project_id, limit=MOST_FAILED + 1)
    return render_template(
        "office/failed.html", failed=found[:MOST_FAILED], has_more=len(found) > MOST_FAILED, reasons=FAILURES
    )
