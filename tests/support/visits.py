"""A small form, "visit", and submissions to it, for tests of what comes out of a node."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sync_server.core.ids import sha256_hex
from sync_server.node import Node
from sync_server.services.receive_submission import Upload, UploadedFile, receive
from sync_server.store import forms
from sync_server.store.forms import NewFormVersion
from sync_server.store.submissions import Receipt

MORNING = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
QUESTIONS = {
    "/place": "string",
    "/where": "geopoint",
    "/photo": "binary",
    "/who": "repeat",
    "/who/name": "string",
}


def xform(version: str, questions: Mapping[str, str] = QUESTIONS, form_id: str = "visit") -> bytes:
    """Write a form with these questions: paths to types; a group is there because something is in it."""
    binds = "".join(
        f'<bind nodeset="/data{path}" type="{kind}"/>' for path, kind in questions.items() if kind != "repeat"
    )
    repeats = "".join(f'<repeat nodeset="/data{path}"/>' for path, kind in questions.items() if kind == "repeat")
    return (
        '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>Visit'
        f'</h:title><model><instance><data id="{form_id}" version="{version}">{_nested(questions)}<meta><instanceID/>'
        f"</meta></data></instance>{binds}</model></h:head><h:body>{repeats}</h:body></h:html>"
    ).encode()


def publish(
    node: Node, version: str = "1", questions: Mapping[str, str] = QUESTIONS, *, form_id: str = "visit"
) -> None:
    xml = xform(version, questions, form_id)
    new = NewFormVersion(
        project_id=1, form_id=form_id, version=version, sha256=sha256_hex(xml), md5="0" * 32, title="Visit", xml=xml,
        published_at=MORNING + timedelta(days=len(version), minutes=ord(version[-1])),
    )  # fmt: skip
    node.write(lambda session: forms.add_form_version(session, new))


def submission(
    instance_id: str, answers: str = "", *, version: str = "1", edits: str = "", form_id: str = "visit"
) -> bytes:
    deprecated = f"<deprecatedID>{edits}</deprecatedID>" if edits else ""
    return (
        f'<data id="{form_id}" version="{version}">{answers}<meta><instanceID>{instance_id}</instanceID>{deprecated}'
        "</meta></data>"
    ).encode()


def send(
    node: Node, xml: bytes, *, files: Mapping[str, bytes] | None = None, minutes: int = 0, is_revoked: bool = False,
    actor_id: int | None = None, device_id: str | None = None,
) -> Receipt:  # fmt: skip
    """Let a tablet send a submission, so many minutes after the morning began."""
    spooled: Sequence[UploadedFile] = [_file(node, name, content) for name, content in (files or {}).items()]
    return receive(
        node,
        Upload(
            project_id=1, xml=xml, files=spooled, received_at=MORNING + timedelta(minutes=minutes), door="test",
            is_revoked=is_revoked, actor_id=actor_id, device_id=device_id,
        ),
    )  # fmt: skip


def _file(node: Node, name: str, content: bytes) -> UploadedFile:
    spool = node.blobs.spool()
    spool.write(content)
    return UploadedFile(name, "application/octet-stream", spool)


def _nested(questions: Mapping[str, str], below: str = "") -> str:
    names = dict.fromkeys(
        path.removeprefix(below + "/").partition("/")[0] for path in questions if path.startswith(below + "/")
    )
    return "".join(f"<{name}>{_nested(questions, f'{below}/{name}')}</{name}>" for name in names)
