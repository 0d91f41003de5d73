"""Draw a code within a page: what it holds is in no address that a history or a log could keep."""

import segno
from markupsafe import Markup

from sync_server.core.collect_settings import encode_settings, make_settings
from sync_server.protocols.authentication import current_node


def draw_code(text: str) -> Markup:
    """Draw a QR code as a picture of its own, black on white."""
    code = segno.make(text, error="l", micro=False)
    return Markup(code.svg_inline(border=4, dark="#000", light="#fff", omitsize=True))  # noqa: S704 segno's own markup


def draw_settings(address: str) -> Markup:
    """Draw the code with which a tablet becomes the one of this address."""
    return draw_code(encode_settings(make_settings(address, project_name=current_node().settings.node_name)))
