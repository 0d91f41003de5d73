"""Write a key into a form, so that tablets seal what is filled (XForms specification, Encryption).

The key stands in the model's `submission`, and the version gets an ending: tablets hold another form by now. Whoever
has the private half opens what they send; this server only carries it.
"""

import base64
from datetime import datetime

from lxml import etree

from sync_server.core.instance_xml import parse_xml
from sync_server.core.xform import XFORMS, XHTML

_MODEL = f"{{{XHTML}}}head/{{{XFORMS}}}model"
_SUBMISSION = f"{{{XFORMS}}}submission"
_KEY = "base64RsaPublicKey"


def version_ending(made_at: datetime) -> str:
    """Make the ending of a key's versions, as ODK Central writes it: the same for all forms of the project.

    In the alphabet of addresses, because a version stands in some. The key's own time, not the publishing's: the same
    form published twice must be the same version.
    """
    milliseconds = int(made_at.timestamp() * 1000)
    return f"[encrypted:{base64.urlsafe_b64encode(milliseconds.to_bytes(6, 'big')).decode()}]"


def seal_form(xml: bytes, public_key: str, ending: str) -> bytes:
    """Return the form's XML with the key in it, under a version of its own; it must have no key yet."""
    root = parse_xml(xml)
    model = root.find(_MODEL)
    primary = model.find(f"{{{XFORMS}}}instance") if model is not None else None
    if model is None or primary is None:
        raise ValueError("not a form definition")  # it was read as one before
    instance = next(primary.iterchildren(etree.Element))
    instance.set("version", f"{instance.get('version') or ''}{ending}")
    _submission(model).set(_KEY, public_key)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def strip_envelope(pem: str) -> str:
    """Return the base64 between a PEM's first and last line, as forms hold a key."""
    return "".join(line for line in pem.splitlines() if not line.startswith("-----"))


def _submission(model: etree._Element) -> etree._Element:
    found = model.find(_SUBMISSION)
    if found is None:
        found = etree.SubElement(model, _SUBMISSION)
        found.set("method", "post")
    return found
