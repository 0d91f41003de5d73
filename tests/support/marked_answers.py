"""Answers that can be recognised wherever they come out: one mark for each sensitivity and district, in two scripts.

The form has a question, a photo and a repeat of every level; each answer and each photo carries its mark. What no
question names, what no published form has, and the submission's title made of answers are marked as severe.
"""

import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from urllib.parse import unquote_to_bytes
from zipfile import BadZipFile, ZipFile

from sync_server.core.ids import sha256_hex
from sync_server.core.sensitivity import Level
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.review_submission import comment_submission
from sync_server.store import forms
from sync_server.store.forms import NewFormVersion
from tests.support.samples import NOON, send, submission, xform

DISTRICTS = ("IQ-NI-03", "IQ-NI-04")
HOME = DISTRICTS[0]

Mark = tuple[Level, str]
MARKS: tuple[Mark, ...] = tuple((level, district) for level in Level for district in DISTRICTS)
# What belongs to no district: of a form that was never published, and of a submission that nobody admitted yet.
STRAY = "IQ-XX-00"

QUESTIONS = {
    "/adm2": "string",
    **{f"/{level.word}": "string" for level in Level},
    **{f"/photo_{level.word}": "binary" for level in Level},
    "/who": "repeat",
    **{f"/who/{level.word}": "string" for level in Level},
    "/secret": "repeat",
    "/secret/name": "string",
    "/meta/instanceName": "string",
}


def mark(level: Level, district: str) -> str:
    """Write a mark: in ASCII, then in Arabic letters."""
    place = district[-2:]
    return f"zq{level.word}{place}qz زق{_ARABIC[level]}{place}قز"


def instance_of(district: str) -> str:
    return f"uuid:{district.lower()}"


def photo_of(level: Level, district: str) -> str:
    return f"{level.word}{district[-2:]}.jpg"


def find_marks(content: bytes) -> set[Mark]:
    """Find the marks in some bytes, also in zips, deflated streams, JSON's escapes and percent-encoded headers."""
    found: set[Mark] = set()
    for piece in _unpacked(content):
        text = piece.decode("utf-8", "replace")
        found |= {known for known in (*MARKS, (Level.SEVERE, STRAY)) if any(w in text for w in mark(*known).split())}
    return found


def fill(node: Node) -> None:
    """Publish the form, fill it in each district, edit one, comment on it, and bring in what is no form's."""
    _publish(node)
    for minutes, district in enumerate(DISTRICTS):
        photos = {photo_of(level, district): mark(level, district).encode() for level in Level}
        unnamed = {f"log{district[-2:]}.csv": mark(Level.SEVERE, district).encode()}
        send(node, _answers(district), photos | unnamed, minutes=minutes)
    send(node, _answers(HOME, edits=instance_of(HOME)), minutes=5)
    send(node, submission("uuid:stray", f"<a>{mark(Level.SEVERE, STRAY)}</a>", form_id="never_published"), minutes=6)
    held = submission("uuid:held", f"<adm2>{HOME}</adm2><low>{mark(Level.SEVERE, STRAY)}</low>")
    send(node, held, minutes=7, is_revoked=True)
    for district in DISTRICTS:
        comment_submission(node, None, instance_of(district), f"seen {mark(Level.HIGH, district)}", form_id="visit")
    consumers.catch_up(node)


_ARABIC = {Level.LOW: "منخفض", Level.MODERATE: "متوسط", Level.HIGH: "عال", Level.SEVERE: "شديد"}


def _publish(node: Node) -> None:
    xml = xform("1", QUESTIONS)
    annotations: dict[str, dict[str, str]] = {"/adm2": {"hxl": "#adm2+code"}, "/secret": {"sensitivity": "severe"}}
    for level in Level:
        for path in (f"/{level.word}", f"/photo_{level.word}", f"/who/{level.word}"):
            annotations[path] = {"sensitivity": level.word}
    new = NewFormVersion(
        project_id=1,
        form_id="visit",
        version="1",
        sha256=sha256_hex(xml),
        md5=hashlib.md5(xml, usedforsecurity=False).hexdigest(),
        title="Visit",
        xml=xml,
        annotations=annotations,
        published_at=NOON - timedelta(days=1),
    )
    node.write(lambda session: forms.add_form_version(session, new))


def _answers(district: str, *, edits: str = "") -> bytes:
    plain = "".join(f"<{level.word}>{mark(level, district)}</{level.word}>" for level in Level)
    photos = "".join(f"<photo_{level.word}>{photo_of(level, district)}</photo_{level.word}>" for level in Level)
    severe = mark(Level.SEVERE, district)
    answers = (
        f"<!-- {severe} --><adm2>{district}</adm2>{plain}{photos}<who>{plain}</who><who>{severe}{plain}</who>"
        f"<secret><name>{severe}</name></secret><unasked>{severe}</unasked>"
    )
    instance = f"{instance_of(district)}-edit" if edits else instance_of(district)
    xml = submission(instance, answers, edits=edits).decode()
    return xml.replace("</meta>", f"<instanceName>{severe}</instanceName></meta>").encode()


def _unpacked(content: bytes) -> Iterator[bytes]:
    yield content
    yield unquote_to_bytes(content)
    if b"\\u" in content:
        yield re.sub(rb"(\\u[0-9a-fA-F]{4})+", lambda found: json.loads(b'"%b"' % found[0]).encode(), content)
    if content[:2] == b"PK":
        try:
            with ZipFile(BytesIO(content)) as archive:
                for name in archive.namelist():
                    yield name.encode()
                    yield from _unpacked(archive.read(name))
        except BadZipFile:
            return
    for wbits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        try:
            yield zlib.decompress(content, wbits)
        except zlib.error:
            continue
