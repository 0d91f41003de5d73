"""The first page: to a stranger which node this is; to whoever is signed in, all that an office works with."""

from datetime import UTC, datetime

from flask import render_template, request
from flask.typing import ResponseReturnValue

from sync_server.errors import InsufficientRights
from sync_server.protocols.authentication import current_node
from sync_server.protocols.needs import needs
from sync_server.services import access, devices, office_overview, see_peers, stranded_tablets, two_factor
from sync_server.services.tablet_address import is_this_machine_only, root_url
from sync_server.store.accounts import Actor
from sync_server.web import visitors
from sync_server.web.office.blueprint import office
from sync_server.web.office.reasons import explain


@office.get("/")
@needs(anyone="a stranger sees the name and the forms' titles, others what they may")
def show_first_page() -> ResponseReturnValue:
    found = visitors.find_sign_in()
    if found is None:
        return _welcome(has_no_rights=False)
    try:
        return _overview(found.actor)
    except InsufficientRights:
        return _welcome(has_no_rights=True)


def _welcome(*, has_no_rights: bool) -> str:
    """Show a stranger the name and the forms' titles, and nothing that is counted.

    Whoever is on the same network may look: how many people report, where and when, tells who works with the police
    and how much; tablets' names tell who carries them. That can put people in danger, so it takes signing in.
    """
    titles = office_overview.list_form_titles(current_node())
    return render_template("office/welcome.html", titles=titles, has_no_rights=has_no_rights)


def _overview(actor: Actor) -> str:
    node = current_node()
    overview = office_overview.see_overview(node, actor, now=datetime.now(UTC))
    tablets = devices.list_devices(node, actor)
    return render_template(
        "office/overview.html",
        overview=overview,
        tablets=tablets,
        stranded=stranded_tablets.see_stranded(node, tablets),
        may_show_codes=access.scope_of(node, actor).may_somewhere("field_key.create"),
        here=stranded_tablets.own_addresses(),
        peers=see_peers.see_in_brief(node, actor),
        explain=explain,
        is_this_machine_only=is_this_machine_only(root_url(node.settings, seen_at=request.host_url)),
        project_id=1,
        offers_two_factor=two_factor.is_advised(node, actor) and not two_factor.is_on(node, actor),
    )
