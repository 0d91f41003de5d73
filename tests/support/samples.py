"""Small forms and submissions, as pyxform and tablets write them, and ways to bring them to a node.

`visit` is one form, filled; `publish` and `submission` are for tests that choose the questions and the answers.
"""

import hashlib
from collections.abc import Iterable, Mapping
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


QUESTIONS = {
    "/place": "string",
    "/where": "geopoint",
    "/photo": "binary",
    "/who": "repeat",
    "/who/name": "string",
}


def visit_form(version: str = "1") -> bytes:
    return VISIT.replace(b'version="1">', f'version="{version}">'.encode())


def xform(version: str, questions: Mapping[str, str] = QUESTIONS, form_id: str = "visit", *, body: str = "") -> bytes:
    """Write a form with these questions: paths to types; a group is there because something is in it.

    `body` are further controls, such as a select with its choices.
    """
    binds = "".join(
        f'<bind nodeset="/data{path}" type="{kind}"/>' for path, kind in questions.items() if kind != "repeat"
    )
    repeats = "".join(f'<repeat nodeset="/data{path}"/>' for path, kind in questions.items() if kind == "repeat")
    return (
        '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>Visit'
        f'</h:title><model><instance><data id="{form_id}" version="{version}">{_nested(questions)}<meta><instanceID/>'
        f"</meta></data></instance>{binds}</model></h:head><h:body>{repeats}{body}</h:body></h:html>"
    ).encode()


def publish_visit(node: Node, version: str = "1") -> FormVersion:
    """Publish the sample form straight into the store."""
    return add_form(node, visit_form(version), "visit", version, NOON)


def publish(
    node: Node,
    version: str = "1",
    questions: Mapping[str, str] = QUESTIONS,
    *,
    form_id: str = "visit",
    body: str = "",
) -> FormVersion:
    """Publish a form with these questions; a greater version is published later."""
    published_at = NOON + timedelta(days=len(version), minutes=ord(version[-1]))
    return add_form(node, xform(version, questions, form_id, body=body), form_id, version, published_at)


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


def submission(
    instance_id: str, answers: str = "", *, version: str = "1", edits: str = "", form_id: str = "visit"
) -> bytes:
    deprecated = f"<deprecatedID>{edits}</deprecatedID>" if edits else ""
    return (
        f'<data id="{form_id}" version="{version}">{answers}<meta><instanceID>{instance_id}</instanceID>{deprecated}'
        "</meta></data>"
    ).encode()


def send(
    node: Node,
    xml: bytes,
    files: Mapping[str, bytes] | Iterable[tuple[str, bytes]] = (),
    *,
    minutes: float = 0,
    is_revoked: bool = False,
    actor_id: int | None = None,
    device_id: str | None = "collect:abc",
    client_date: str | None = None,
) -> Receipt:
    """Receive an upload as the door does, `minutes` after NOON."""
    named = files.items() if isinstance(files, Mapping) else files
    upload = Upload(
        project_id=1,
        xml=xml,
        files=[_file(node, name, content) for name, content in named],
        received_at=NOON + timedelta(minutes=minutes),
        door="test",
        is_revoked=is_revoked,
        actor_id=actor_id,
        device_id=device_id,
        client_date=client_date,
    )
    try:
        return receive(node, upload)
    finally:
        for file in upload.files:
            file.spool.close()


def add_form(
    node: Node,
    xml: bytes,
    form_id: str,
    version: str,
    published_at: datetime,
    *,
    annotations: dict[str, dict[str, str]] | None = None,
) -> FormVersion:
    new = NewFormVersion(
        project_id=1,
        form_id=form_id,
        version=version,
        sha256=sha256_hex(xml),
        md5=hashlib.md5(xml, usedforsecurity=False).hexdigest(),
        title="Visit",
        xml=xml,
        published_at=published_at,
        annotations=annotations or {},
    )
    return node.write(lambda session: forms.add_form_version(session, new))


def _file(node: Node, name: str, content: bytes) -> UploadedFile:
    spool = node.blobs.spool()
    spool.write(content)
    return UploadedFile(name, "application/octet-stream", spool)


def _nested(questions: Mapping[str, str], below: str = "") -> str:
    names = dict.fromkeys(
        path.removeprefix(below + "/").partition("/")[0] for path in questions if path.startswith(below + "/")
    )
    return "".join(f"<{name}>{_nested(questions, f'{below}/{name}')}</{name}>" for name in names)
