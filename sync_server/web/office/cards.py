"""Cards with the tablets' codes for the present address: to print, cut, and scan one after the other.

The token in a code stays the same, so a tablet goes on as the one it was, with all that waits on it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flask import request, stream_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from sync_server.operator_errors import SealBroken
from sync_server.peer_errors import CodeAtHome
from sync_server.protocols.authentication import current_node
from sync_server.protocols.needs import needs
from sync_server.services import access, devices
from sync_server.services.stranded_tablets import note_code, see_stranded
from sync_server.services.tablet_address import is_this_machine_only, root_url, tablet_url
from sync_server.store.accounts import Actor
from sync_server.web import visitors
from sync_server.web.office.blueprint import office, say
from sync_server.web.office.qr_code import draw_settings


@dataclass(frozen=True, slots=True)
class Card:
    """A tablet's code, or why it cannot be shown here."""

    name: str
    code: Markup | None
    why_not: str = ""


@office.get("/devices/cards")
@needs(verb="field_key.create", is_somewhere=True, is_filtered=True)
def show_cards() -> ResponseReturnValue:
    """Show the code of every tablet that has access."""
    return _show(_tablets(visitors.require_sign_in()), is_for_all=True)


@office.get("/devices/cards/stranded")
@needs(verb="field_key.create", is_somewhere=True, is_filtered=True)
def show_stranded_cards() -> ResponseReturnValue:
    """Show the codes of those that look for this node at an address it no longer has."""
    found = see_stranded(current_node(), _tablets(visitors.require_sign_in()))
    return _show([tablet for each in found for tablet in each.tablets], is_for_all=False)


def _tablets(actor: Actor) -> list[Actor]:
    """List by name those whose code the actor may show."""
    may = access.scope_of(current_node(), actor).may
    found = [each for each in devices.list_devices(current_node(), actor) if not each.is_revoked]
    return sorted(
        (each for each in found if may("field_key.create", each.project_id)), key=lambda each: each.display_name
    )


def _show(tablets: list[Actor], *, is_for_all: bool) -> ResponseReturnValue:
    """Send the page card by card: a hundred codes are a megabyte."""
    root = root_url(current_node().settings, seen_at=request.host_url)
    return stream_template(
        "office/cards.html",
        cards=_draw(visitors.require_sign_in(), tablets, root),
        count=len(tablets),
        root=root,
        is_for_all=is_for_all,
        is_this_machine_only=is_this_machine_only(root),
    ), {"Content-Type": "text/html; charset=utf-8"}


def _draw(actor: Actor, tablets: Iterable[Actor], root: str) -> Iterator[Card]:
    node = current_node()
    for tablet in tablets:
        try:
            token = devices.show_token(node, actor, tablet.id)
        except (CodeAtHome, SealBroken) as problem:
            yield Card(tablet.display_name, None, say(problem))
            continue
        note_code(node, tablet, root)
        yield Card(tablet.display_name, draw_settings(tablet_url(root, token, tablet.project_id or 1)))
