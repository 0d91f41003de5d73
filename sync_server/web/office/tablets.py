"""Tablets: add one, show the code it scans, end its access."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sync_server.peer_errors import CodeAtHome
from sync_server.protocols.authentication import current_node
from sync_server.protocols.needs import needs
from sync_server.services import devices
from sync_server.services.stranded_tablets import note_code
from sync_server.services.tablet_address import is_this_machine_only, received_url, root_url, tablet_url
from sync_server.store.accounts import Actor
from sync_server.web import visitors
from sync_server.web.office.blueprint import office, say
from sync_server.web.office.qr_code import draw_code, draw_settings


@office.post("/devices")
@needs(verb="field_key.create", is_somewhere=True)
def post_device() -> ResponseReturnValue:
    actor = visitors.require_own_page()
    name = " ".join(request.form.get("name", "").split())[:100]
    device, _token = devices.add_device(current_node(), actor, name, request.form.get("project", 1, type=int))
    return redirect(url_for("office.show_device", device_id=device.id), 303)


@office.get("/devices/<int:device_id>")
@needs(verb="field_key.create", is_somewhere=True)
def show_device(device_id: int) -> ResponseReturnValue:
    actor = visitors.require_sign_in()
    device = devices.get_device(current_node(), actor, device_id)
    try:
        (address, received), elsewhere = ("", "") if device.is_revoked else _addresses(actor, device), ""
    except CodeAtHome as problem:
        (address, received), elsewhere = ("", ""), say(problem)
    return render_template(
        "office/device.html",
        device=device,
        address=address,
        elsewhere=elsewhere,
        code=draw_settings(address) if address else "",
        received=received,
        received_code=draw_code(received) if received else "",
        is_this_machine_only=is_this_machine_only(address),
    )


@office.post("/devices/<int:device_id>/revoke")
@needs(verb="session.end", is_somewhere=True)
def revoke_device(device_id: int) -> ResponseReturnValue:
    actor = visitors.require_own_page()
    devices.revoke_device(current_node(), actor, device_id)
    return redirect(url_for("office.show_device", device_id=device_id), 303)


def _addresses(actor: Actor, device: Actor) -> tuple[str, str]:
    """Return where the tablet sends to, and its own page that says what has arrived."""
    token = devices.show_token(current_node(), actor, device.id)
    root = root_url(current_node().settings, seen_at=request.host_url)
    note_code(current_node(), device, root)
    return tablet_url(root, token, device.project_id or 1), received_url(root, token)
