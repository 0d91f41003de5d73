"""The page Bundles: make one for another node and download it, take what came on a stick.

Files can be dropped on the field, as on any file field; the page's script only shows how far they are. What comes of
them is the answer to the form itself, not a page behind a redirect: taking the same once more does no harm.
"""

from flask import make_response, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from sync_server.errors import MissingParameter, Problem
from sync_server.protocols.authentication import current_node
from sync_server.protocols.endpoint import drain
from sync_server.protocols.needs import needs
from sync_server.protocols.shapes import Asked, Content
from sync_server.replication.bundle_arrivals import Outcome, take_arrived
from sync_server.replication.bundle_desk import find_on_desk, list_on_desk, make_on_desk
from sync_server.services.office_overview import name_node
from sync_server.services.see_peers import iter_whole_peers
from sync_server.web import visitors
from sync_server.web.office.blueprint import SCRIPT_POLICY, office
from sync_server.web.office.bundle_reasons import say_bundle
from sync_server.web.office.bundle_upload import read_arrived

DROPPED = Content(("multipart/form-data",), "`__csrf` first, then files of bundles and acknowledgements", root="files")
CARRIED = Content(("application/octet-stream", "text/html"), "a file of a bundle, or an acknowledgement")
WHICH = (Asked("peer", "string", "For which node, by its id."), Asked("name", "string", "Which of its files."))


@office.get("/bundles")
@needs(verb="quarantine.read", is_somewhere=True, is_filtered=True)
def show_bundles() -> ResponseReturnValue:
    return _show()


@office.post("/bundles/make")
@needs(verb="quarantine.read", is_somewhere=True)
def post_bundle() -> ResponseReturnValue:
    actor = visitors.require_own_page()
    peer_id = request.form.get("peer", "")
    if not peer_id:
        raise MissingParameter(field="peer")
    try:
        make_on_desk(current_node(), actor, peer_id, is_whole="all" in request.form)
    except Problem as problem:
        return _show(problem=problem), problem.status
    return redirect(url_for("office.show_bundles", _anchor=f"for-{peer_id[:8]}"), 303)


@office.post("/bundles/take")
@needs(verb="quarantine.read", is_somewhere=True, takes=DROPPED)
def post_bundle_files() -> ResponseReturnValue:
    if request.mimetype != "multipart/form-data":
        visitors.require_own_page()
        return _show(outcomes=[])
    node, actor = current_node(), visitors.require_sign_in()
    try:
        with read_arrived(node, request, visitors.require_own_page) as (files, folder):
            return _show(outcomes=take_arrived(node, actor, files, folder))
    except Problem:
        drain()  # else the browser, still sending, is cut off, and says that the network failed
        raise


@office.get("/bundles/file")
@needs(verb="quarantine.read", is_somewhere=True, asks=WHICH, answers=CARRIED, also=(206, 304, 412, 416))
def get_bundle_file() -> ResponseReturnValue:
    """Download a file that waits to be carried away; back to the page when it is there no more."""
    peer_id, name = request.args.get("peer", ""), request.args.get("name", "")
    actor = visitors.require_sign_in()
    path = find_on_desk(current_node(), actor, peer_id, name) if peer_id else None
    if path is None:
        return redirect(url_for("office.show_bundles"), 303)
    return send_file(path, mimetype="application/octet-stream", as_attachment=True, download_name=name)


def _show(*, outcomes: list[Outcome] | None = None, problem: Problem | None = None) -> Response:
    actor, node = visitors.require_sign_in(), current_node()
    peers = [(peer, list_on_desk(node, actor, peer.id)) for peer in iter_whole_peers(node, actor)]
    page = render_template(
        "office/bundles.html", peers=peers, outcomes=outcomes, problem=problem, say=say_bundle, own_name=name_node(node)
    )
    response = make_response(page)
    response.headers["Content-Security-Policy"] = SCRIPT_POLICY
    return response
