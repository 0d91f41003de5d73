"""Write the settings a tablet reads from a QR code (Collect's client-settings schema).

Collect resets every setting that is not given, and rejects the whole code for one value of the wrong type: so the code
carries the few settings that make a tablet keep in step by itself, and nothing else.
"""

import base64
import json
import zlib
from typing import Any


def make_settings(server_url: str, *, project_name: str) -> dict[str, Any]:
    """Build Collect's settings for one tablet.

    match_exactly: new forms come and closed ones go without anybody's doing. wifi_and_cellular: filled forms are
    sent as soon as there is any network. delete_send off: the tablet keeps what it sent, a copy that costs nothing.
    """
    return {
        "general": {
            "server_url": server_url,
            "form_update_mode": "match_exactly",
            "autosend": "wifi_and_cellular",
            "delete_send": False,
        },
        "admin": {},
        "project": {"name": project_name} if project_name else {},
    }


def encode_settings(settings: dict[str, Any]) -> str:
    """Write settings as the text of a QR code: base64 of zlib of UTF-8 JSON."""
    compact = json.dumps(settings, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(compact.encode(), 9)).decode("ascii")


def decode_settings(text: str) -> dict[str, Any]:
    """Read a QR code's text again, to see what a tablet was told."""
    settings: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(text, validate=True)))
    return settings
