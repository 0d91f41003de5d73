"""The page Centre: what came today, what waits for the other node, how the last round went, and a button for the next.

While a round is under way the page loads itself again every other second, without scripts; who reads it with a screen
reader can stop that (`?still=1`).
"""

from datetime import UTC, datetime

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from sync_server.protocols.authentication import current_node
from sync_server.protocols.needs import needs
from sync_server.services import see_peers, tablets_today
from sync_server.services.office_overview import name_node
from sync_server.services.peer_status import Said
from sync_server.web import visitors
from sync_server.web.office.blueprint import office
from sync_server.web.office.refusals import group_refusals, name_kind, short_name


@office.get("/sync")
@needs(verb="quarantine.read", is_somewhere=True, is_filtered=True)
def show_centre() -> ResponseReturnValue:
    actor, node = visitors.require_sign_in(), current_node()
    peers = see_peers.see_peers(node, actor)
    return render_template(
        "office/centre.html",
        peers=peers,
        today=tablets_today.see_today(node, actor, now=datetime.now(UTC)),
        group_refusals=group_refusals,
        name_kind=name_kind,
        short_name=short_name,
        say_error=say_error,
        own_name=name_node(node),
        is_still="still" in request.args,
    )


@office.post("/sync")
@needs(verb="quarantine.read", is_somewhere=True)
def post_round() -> ResponseReturnValue:
    actor = visitors.require_own_page()
    see_peers.want_round(current_node(), actor, now=datetime.now(UTC))
    return redirect(url_for("office.show_centre"), 303)


def say_error(said: Said) -> str:
    """Say why a round failed in the language of the page."""
    try:
        return str(gettext(said.template)).format(**said.details)
    except (KeyError, IndexError, ValueError):  # a translation with a wrong gap must not hide it
        return said.text
