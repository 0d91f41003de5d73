"""The questions and answers of a comparison as JSON (docs/completeness.md, "Between two nodes").

Seals and marks stand behind each other as base64: they do not shrink, and so cost a third more than they are.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sync_server.core.held_version import HeldCount, HeldFile, HeldVersion, Period
from sync_server.core.ids import is_sha256
from sync_server.core.node_comparison import (
    VERSION,
    RangesAnswered,
    RangesAsked,
    VersionFound,
    VersionsAsked,
)
from sync_server.core.range_digest import AT_ONCE, LONGEST, MARK_BYTES, PARTS, SEAL_BYTES, Answer, Question
from sync_server.peer_errors import BatchUnreadable, ProtocolUnknown
from sync_server.replication.wire_fields import list_of, moment_of, number_of, text_of, texts_of

Json = dict[str, Any]

MOST_VERSIONS = 1_000  # asked for by name at once
MOST_MARKS = 4_096  # of one range


def write_ranges_asked(asked: RangesAsked) -> Json:
    return {
        **{"version": VERSION, "project": asked.project, "counts": int(asked.counts)},
        **{"first": _moment(asked.period.first), "until": _moment(asked.period.until)},
        "ranges": [_write_question(question) for question in asked.questions],
    }


def read_ranges_asked(given: Json) -> RangesAsked:
    """Read what is asked; raise ProtocolUnknown for questions of another age, BatchUnreadable for nonsense."""
    _require_version(given)
    ranges = list_of(given, "ranges")
    if len(ranges) > AT_ONCE:
        raise BatchUnreadable(reason=f"it asks about more than {AT_ONCE} ranges")
    return RangesAsked(
        project=text_of(given, "project"), period=Period(_read_moment(given, "first"), _read_moment(given, "until")),
        questions=tuple(map(_read_question, ranges)), counts=bool(number_of(given, "counts")),
    )  # fmt: skip


def write_ranges_answered(answered: RangesAnswered) -> Json:
    return {
        "ranges": [_write_answer(answer) for answer in answered.answers],
        "counts": [[c.form_id, c.device_id, c.submissions, c.edits, c.files] for c in answered.counts],
    }


def read_ranges_answered(given: Json) -> RangesAnswered:
    return RangesAnswered(
        answers=tuple(_read_answer(each) for each in list_of(given, "ranges")),
        counts=tuple(_read_count(each) for each in list_of(given, "counts")),
    )


def write_versions_asked(asked: VersionsAsked) -> Json:
    return {"version": VERSION, "project": asked.project, "versions": list(asked.versions)}


def read_versions_asked(given: Json) -> VersionsAsked:
    _require_version(given)
    versions = texts_of(given, "versions")
    if len(versions) > MOST_VERSIONS or not all(map(is_sha256, versions)):
        raise BatchUnreadable(reason="'versions' are too many, or are no hashes")
    return VersionsAsked(project=text_of(given, "project"), versions=versions)


def write_versions_found(found: Iterable[VersionFound]) -> Json:
    return {"versions": [_write_found(each) for each in found]}


def read_versions_found(given: Json) -> Sequence[VersionFound]:
    return [_read_found(each) for each in list_of(given, "versions")]


def _write_found(found: VersionFound) -> Json:
    held = None if found.held is None else _write_held(found.held)
    return {"version": found.version, "state": found.state, "held": held}


def _read_found(given: Any) -> VersionFound:
    version, state = text_of(given, "version"), text_of(given, "state")
    return VersionFound(version, state, None if given.get("held") is None else _read_held(given["held"]))


def _write_question(question: Question) -> Json:
    if question.marks is None:
        return {"in": question.prefix, "seal": _write_bytes(question.seal or b"")}
    return {"in": question.prefix, "marks": _write_bytes(b"".join(sorted(question.marks)))}


def _read_question(given: Any) -> Question:
    prefix = _read_prefix(given)
    if given.get("marks") is None:
        (seal,) = _read_bytes(given, "seal", SEAL_BYTES, most=1) or (b"",)
        return Question(prefix, seal=seal)
    return Question(prefix, marks=frozenset(_read_bytes(given, "marks", MARK_BYTES, most=MOST_MARKS)))


def _write_answer(answer: Answer[HeldVersion]) -> Json:
    if answer.parts:
        seals = _write_bytes(b"".join(seal for _, seal in answer.parts))
        return {"in": answer.prefix, "counts": [count for count, _ in answer.parts], "seals": seals}
    theirs = [_write_held(held) for held in answer.theirs]
    return {"in": answer.prefix, "versions": theirs, "lacking": _write_bytes(b"".join(answer.lacking))}


def _read_answer(given: Any) -> Answer[HeldVersion]:
    prefix = _read_prefix(given)
    if given.get("seals") is None:
        lacking = tuple(_read_bytes(given, "lacking", MARK_BYTES, most=MOST_MARKS))
        return Answer(prefix, theirs=tuple(map(_read_held, list_of(given, "versions"))), lacking=lacking)
    counts = [number_of({"count": each}, "count") for each in list_of(given, "counts")]
    seals = _read_bytes(given, "seals", SEAL_BYTES, most=PARTS)
    if len(counts) != PARTS or len(seals) != PARTS:
        raise BatchUnreadable(reason=f"a range has not {PARTS} parts")
    return Answer(prefix, parts=tuple(zip(counts, seals, strict=True)))


def _write_held(held: HeldVersion) -> Json:
    return {
        **{"version": held.version, "form": held.form_id, "instance": held.instance_id, "edits": held.edits},
        **{"device": held.device_id, "received": held.received_at.isoformat()},
        "files": [[file.name, file.sha256, file.size] for file in held.files],
    }


def _read_held(given: Any) -> HeldVersion:
    version = text_of(given, "version")
    if not is_sha256(version):
        raise BatchUnreadable(reason="'version' is no hash")
    return HeldVersion(
        version=version, form_id=text_of(given, "form"), instance_id=text_of(given, "instance"),
        edits=_text_or_none(given, "edits"), device_id=_text_or_none(given, "device"),
        received_at=moment_of(given, "received"), files=tuple(map(_read_file, list_of(given, "files"))),
    )  # fmt: skip


def _read_file(given: Any) -> HeldFile:
    name, sha256, size = _fields(given, 3)
    if not is_sha256(text_of({"file": sha256}, "file")):
        raise BatchUnreadable(reason="a file's hash is none")
    return HeldFile(text_of({"file": name}, "file"), sha256, number_of({"size": size}, "size"))


def _read_count(given: Any) -> HeldCount:
    form_id, device_id, *numbers = _fields(given, 5)
    submissions, edits, files = (number_of({"count": each}, "count") for each in numbers)
    return HeldCount(
        form_id=text_of({"form": form_id}, "form"), device_id=_text_or_none({"device": device_id}, "device"),
        submissions=submissions, edits=edits, files=files,
    )  # fmt: skip


def _fields(given: Any, count: int) -> list[Any]:
    if not isinstance(given, list) or len(given) != count:
        raise BatchUnreadable(reason=f"a line has not {count} fields")
    return given


def _read_prefix(given: Any) -> str:
    prefix = text_of(given, "in")
    if len(prefix) > LONGEST or not set(prefix) <= set("0123456789abcdef"):
        raise BatchUnreadable(reason="'in' is no range")
    return prefix


def _require_version(given: Json) -> None:
    version = number_of(given, "version")
    if version != VERSION:
        raise ProtocolUnknown(theirs=version, ours=VERSION)


def _text_or_none(given: Any, name: str) -> str | None:
    return None if given.get(name) is None else text_of(given, name)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _read_moment(given: Json, name: str) -> datetime | None:
    return None if given.get(name) is None else moment_of(given, name)


def _write_bytes(content: bytes) -> str:
    return b64encode(content).decode()


def _read_bytes(given: Any, name: str, size: int, *, most: int) -> list[bytes]:
    """Read pieces of one size that stand behind each other."""
    try:
        content = b64decode(text_of(given, name), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BatchUnreadable(reason=f"'{name}' is no base64") from error
    if len(content) % size or len(content) > most * size:
        raise BatchUnreadable(reason=f"'{name}' is cut off, or too long")
    return [content[start : start + size] for start in range(0, len(content), size)]
