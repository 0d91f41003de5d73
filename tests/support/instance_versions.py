"""Write submission versions as JavaRosa writes them, for tests of what becomes of several."""

from collections.abc import Iterable

from lxml import etree

from sync_server.core.ids import InstanceId, VersionId, sha256_hex
from sync_server.core.resolve import Decision, SubmissionState, Version, merged_document

HEAD = (
    "<?xml version='1.0' encoding='UTF-8' ?>"
    '<data id="attendance" version="3" xmlns:ev="http://www.w3.org/2001/xml-events" '
    'xmlns:orx="http://openrosa.org/xforms" xmlns:h="http://www.w3.org/1999/xhtml">'
)


def version(instance_id: str, answers: str = "", *, edits: str | None = None, files: Iterable[str] = ()) -> Version:
    """Make a version with these answers; `edits` names the instance it replaces; files are `name=content`."""
    # No namespace on deprecatedID beside orx:instanceID: so Collect writes it.
    deprecated = f"<deprecatedID>{edits}</deprecatedID>" if edits else ""
    meta = f"<orx:meta><orx:instanceID>{instance_id}</orx:instanceID>{deprecated}</orx:meta>"
    xml = f"{HEAD}{answers}{meta}</data>".encode()
    return of_xml(xml, instance_id, edits=edits, files=files)


def of_xml(xml: bytes, instance_id: str, *, edits: str | None = None, files: Iterable[str] = ()) -> Version:
    """Make a version of these bytes."""
    pairs = (file.split("=") for file in files)
    attachments = frozenset((name, sha256_hex(content.encode())) for name, content in pairs)
    deprecated_id = InstanceId(edits) if edits else None
    return Version(VersionId(sha256_hex(xml)), InstanceId(instance_id), deprecated_id, xml, attachments)


def choose(id: str, chosen: Version, *seen: Version | Decision, path: str | None = None) -> Decision:
    """Make the decision of somebody who saw these versions and decisions."""
    body = {"version": chosen.id} if path is None else {"version": chosen.id, "path": path}
    return Decision(id, "choose", frozenset(thing.id for thing in seen), body)


def answers(state: SubmissionState, versions: Iterable[Version]) -> str:
    """Write the merged document without its root tag and its meta: what the people answered."""
    xml_of = {version.id: version.xml for version in versions}
    root = merged_document(state, xml_of.__getitem__)
    for meta in root.xpath("*[local-name() = 'meta']"):
        root.remove(meta)
    etree.cleanup_namespaces(root)
    return "".join(etree.tostring(child, encoding="unicode", with_tail=False) for child in root)
