"""Write the three XML documents tablets read: form list, manifest, answer (OpenRosa APIs 1.0).

Made by lxml, never by a template: the first byte is the `<` of the declaration (Collect dies on a byte order mark or
a blank line before it), text is escaped, and no element is empty (Collect reads an empty `<hash/>` as null and stops).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

FORM_LIST_NAMESPACE = "http://openrosa.org/xforms/xformsList"
MANIFEST_NAMESPACE = "http://openrosa.org/xforms/xformsManifest"
RESPONSE_NAMESPACE = "http://openrosa.org/http/response"

# Characters XML 1.0 cannot carry; a file name quoted in a message may hold one.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class ListedForm:
    """One form as a tablet sees it; `md5` is that of the exact bytes behind `download_url`."""

    form_id: str
    title: str
    version: str
    md5: str
    download_url: str
    manifest_url: str | None


@dataclass(frozen=True, slots=True)
class MediaFile:
    """One file of a form, named as the form's jr:// addresses name it.

    One with an `integrity_url` is an entity list: tablets add to it what they register offline, and ask at that address
    whether what they hold was deleted meanwhile. To one that `needs_approval` they add nothing: it may come to nothing.
    """

    name: str
    md5: str
    download_url: str
    integrity_url: str | None = None
    needs_approval: bool = False


def write_form_list(forms: Iterable[ListedForm]) -> bytes:
    """Write a form list; URLs must be absolute and percent-encoded already."""
    root = _make_root("xforms", FORM_LIST_NAMESPACE)
    for form in forms:
        xform = _add(root, "xform")
        _add(xform, "formID", form.form_id)
        # One form without a name would make Collect reject the whole list.
        _add(xform, "name", form.title.strip() or form.form_id)
        if form.version:
            _add(xform, "version", form.version)
        _add(xform, "hash", f"md5:{form.md5}")
        _add(xform, "downloadUrl", form.download_url)
        if form.manifest_url:
            _add(xform, "manifestUrl", form.manifest_url)
    return _to_bytes(root)


def write_manifest(files: Iterable[MediaFile]) -> bytes:
    """Write a manifest in the order given: keep it stable, the md5 of this document silences notifications."""
    root = _make_root("manifest", MANIFEST_NAMESPACE)
    for file in files:
        media = _add(root, "mediaFile")
        if file.integrity_url:
            media.set("type", "approvalEntityList" if file.needs_approval else "entityList")
        _add(media, "filename", file.name)
        _add(media, "hash", f"md5:{file.md5}")
        _add(media, "downloadUrl", file.download_url)
        if file.integrity_url:
            _add(media, "integrityUrl", file.integrity_url)
    return _to_bytes(root)


def write_integrity(deleted: Iterable[tuple[str, bool]]) -> bytes:
    """Write of each entity whether it was deleted. Who is not known must not be named: the tablet would drop it."""
    root = etree.Element("data")
    entities = etree.SubElement(root, "entities")
    for entity_id, is_deleted in deleted:
        entity = etree.SubElement(entities, "entity", id=entity_id)
        etree.SubElement(entity, "deleted").text = "true" if is_deleted else "false"
    return _to_bytes(root)


@lru_cache(maxsize=256)  # a few sentences, written for every upload
def write_response(message: str, *, nature: str) -> bytes:
    """Write an answer for a person; Collect finds `message` by its plain tag name, so without a prefix."""
    root = _make_root("OpenRosaResponse", RESPONSE_NAMESPACE)
    element = _add(root, "message", message)
    element.set("nature", nature)
    return _to_bytes(root)


def _make_root(tag: str, namespace: str) -> etree._Element:
    # As the default namespace, so that no tag has a prefix. (lxml-stubs does not know that None is the default.)
    return etree.Element(f"{{{namespace}}}{tag}", nsmap={None: namespace})  # type: ignore[dict-item]


def _add(parent: etree._Element, tag: str, text: str | None = None) -> etree._Element:
    element = etree.SubElement(parent, etree.QName(etree.QName(parent).namespace, tag))
    element.text = None if text is None else _NOT_XML.sub("\ufffd", text)
    return element


def _to_bytes(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
