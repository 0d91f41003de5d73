"""Small submissions and forms as tablets and pyxform write them."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sync_server.core.ids import sha256_hex
from sync_server.node import Node
from sync_server.services.receive_submission import Upload, UploadedFile, receive
from sync_server.store import forms
from sync_server.store.forms import FormVersion, NewFormVersion
from sync_server.store.submissions import Receipt

NOON = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

VISIT = b"""<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa">
  <h:head><h:title>Visit</h:title><model>
    <instance><data id="visit" version="1">
      <place/><people/><photo/><guest><name/><age/></guest><meta><instanceID/></meta>
    </data></instance>
    <bind nodeset="/data/place" type="string"/><bind nodeset="/data/people" type="int"/>
    <bind nodeset="/data/photo" type="binary"/><bind nodeset="/data/guest/name" type="string"/>
    <bind nodeset="/data/guest/age" type="int"/>
    <bind nodeset="/data/meta/instanceID" type="string" jr:preload="uid"/>
  </model></h:head>
  <h:body>
    <input ref="/data/place"><label>Place</label></input><input ref="/data/people"><label>People</label></input>
    <upload ref="/data/photo" mediatype="image/*"><label>Photo</label></upload>
    <group ref="/data/guest"><repeat nodeset="/data/guest">
      <input ref="/data/guest/name"><label>Name</label></input><input ref="/data/guest/age"><label>Age</label></input>
    </repeat></group>
  </h:body>
</h:html>"""


def visit_form(version: str = "1") -> bytes:
    return VISIT.replace(b'version="1">', f'version="{version}">'.encode())


def publish_visit(node: Node, version: str = "1") -> FormVersion:
    """Publish the sample form straight into the store."""
    xml = visit_form(version)
    new = NewFormVersion(
        project_id=1,
        form_id="visit",
        version=version,
        sha256=sha256_hex(xml),
        md5=hashlib.md5(xml, usedforsecurity=False).hexdigest(),
        title="Visit",
        xml=xml,
        published_at=NOON,
    )
    return node.write(lambda session: forms.add_form_version(session, new))


def visit(
    instance: str = "one",
    *,
    place: str = "Bartella",
    people: str = "7",
    photo: str = "",
    deprecates: str = "",
    form: str = "visit",
    version: str = "1",
) -> bytes:
    """One filled form, as JavaRosa writes it."""
    deprecated = f"<deprecatedID>uuid:{deprecates}</deprecatedID>" if deprecates else ""
    return (
        f"<?xml version='1.0' encoding='UTF-8' ?><data id=\"{form}\" version=\"{version}\" "
        'xmlns:orx="http://openrosa.org/xforms">'
        f"<place>{place}</place><people>{people}</people><photo>{photo}</photo>"
        f"<orx:meta><orx:instanceID>uuid:{instance}</orx:instanceID>{deprecated}</orx:meta></data>"
    ).encode()


def send(
    node: Node, xml: bytes, files: Iterable[tuple[str, bytes]] = (), *, minutes: float = 0, is_revoked: bool = False
) -> Receipt:
    """Receive an upload as the door does, `minutes` after NOON."""
    uploaded = []
    for name, content in files:
        spool = node.blobs.spool()
        spool.write(content)
        uploaded.append(UploadedFile(name, "application/octet-stream", spool))
    return receive(
        node,
        Upload(
            project_id=1,
            xml=xml,
            files=uploaded,
            received_at=NOON + timedelta(minutes=minutes),
            door="test",
            device_id="collect:abc",
            is_revoked=is_revoked,
        ),
    )
