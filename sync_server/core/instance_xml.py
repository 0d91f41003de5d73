"""Read a submission's XML: which form, which instance, which edit (OpenRosa metadata schema).

Entities, external DTDs and the network are off and a DOCTYPE is refused outright: no tablet sends one, and all XML
attacks begin there. Everything else that is well-formed is read: what is missing is None, not an error.
"""

import re
from dataclasses import dataclass

from lxml import etree

from sync_server.core.ids import InstanceId, bounded
from sync_server.errors import UnreadableXml

ENCRYPTED_NAMESPACE = "http://www.opendatakit.org/xforms/encrypted"
# Possessive: without that the pattern reads the whole document, backwards, for every submission (45 µs).
_DOCTYPE = re.compile(rb"\A(?:\xef\xbb\xbf)?(?>\s+|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Instance:
    """What the server must know of a submission before it answers."""

    form_id: str
    form_version: str
    instance_id: InstanceId | None
    deprecated_id: InstanceId | None
    is_sealed: bool
    end: str | None
    root: etree._Element


def parse_xml(xml: bytes) -> etree._Element:
    """Parse untrusted XML; raise UnreadableXml with the parser's reason.

    Nesting beyond libxml2's own limit (256 levels, 10 MB in one text) counts as unreadable.
    """
    # A parser each time: lxml's parsers are not safe to share between threads, and making one costs 10 µs.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    if _DOCTYPE.match(xml):
        raise UnreadableXml(reason="it has a DOCTYPE, which no form needs")
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableXml(reason=str(error).partition(" (<string>")[0]) from error
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]  # the stubs lack it
        raise UnreadableXml(reason="it has a DOCTYPE, which no form needs")
    return root


def read_instance(xml: bytes) -> Instance:
    """Read what identifies a submission; raise UnreadableXml only when it is not XML at all."""
    root = parse_xml(xml)
    meta = _child(root, "meta")
    instance_id = _text(_child(meta, "instanceID")) or root.get("instanceID")
    deprecated_id = _text(_child(meta, "deprecatedID"))
    return Instance(
        form_id=bounded(root.get("id") or etree.QName(root).namespace or ""),
        form_version=root.get("version") or "",
        instance_id=InstanceId(bounded(instance_id)) if instance_id else None,
        deprecated_id=InstanceId(bounded(deprecated_id)) if deprecated_id else None,
        is_sealed=is_sealed(root),
        end=_text(_child(root, "end")),
        root=root,
    )


def read_instance_name(xml: bytes) -> str | None:
    """Read how the form names the submission for people."""
    return _text(_child(_child(parse_xml(xml), "meta"), "instanceName"))


def is_sealed(root: etree._Element) -> bool:
    """Tell whether a submission was encrypted on the tablet: the answers are in a file, not here."""
    return root.get("encrypted") == "yes" or etree.QName(root).namespace == ENCRYPTED_NAMESPACE


def local_name(element: etree._Element) -> str:
    """Name without namespace; prefixes differ between clients (conformance C13, C14)."""
    return etree.QName(element).localname


def _child(parent: etree._Element | None, name: str) -> etree._Element | None:
    """Find a direct child by local name: entity metas in groups must not be taken for the form's."""
    return None if parent is None else next(parent.iterchildren("{*}" + name), None)


def _text(element: etree._Element | None) -> str | None:
    return (element.text or "").strip() or None if element is not None else None
