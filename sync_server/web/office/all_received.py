"""A tablet's own page: is everything that was sent from here there?

Opened on the tablet, by the token of its server's address. So the token stands in this page's address; it is written
nowhere on the page, not even in the links to other languages, and told to no other page.
"""

from flask import make_response, render_template
from flask.typing import ResponseReturnValue

from sync_server.protocols.authentication import current_node
from sync_server.protocols.needs import needs
from sync_server.services import device_summary
from sync_server.web.office.blueprint import office


@office.get("/all-received/<token>")
@needs(anyone="whoever holds a tablet's token is told how much of what that tablet sent is here")
def show_all_received(token: str) -> ResponseReturnValue:
    summary = device_summary.summarise(current_node(), token)
    response = make_response(render_template("office/all_received.html", summary=summary))
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
