"""What nodes say to each other over HTTP beside batches and files: greetings, names, what was taken, as bytes.

The greeting is plain JSON, so that a program of another age can read at least which versions the other speaks. All
else here is compressed. What cannot be read raises BatchUnreadable: the other end may be broken, or hostile.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sync_server.core.replication_batch import Batch, compress, decompress, read_lines, write_lines
from sync_server.peer_errors import BatchUnreadable
from sync_server.replication.peer import Greeting, Limits, Place, Refusal, Taken
from sync_server.replication.wire_fields import list_of, moment_of, number_of, object_of, text_of, texts_of

Json = dict[str, Any]

LARGEST_GREETING = 1_000_000  # of a peer with thousands of projects
LARGEST_JSON = 64_000_000  # unpacked: half a million names
MOST_AT_ONCE = Limits(bytes=64_000_000, changes=100_000)
_BATCH_TEXTS, _BATCH_NUMBERS = ("epoch", "scope_hash"), ("since", "until", "head")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A greeting with what is of the line alone. A hub says the nonce, a centre the session word."""

    greeting: Greeting
    protocols: tuple[int, ...]
    ticket: str | None = field(default=None, repr=False)
    nonce: str = ""
    session: str = field(default="", repr=False)


def write_opening(opening: Opening) -> bytes:
    """Write a greeting: what is empty is left out."""
    said = opening.greeting
    taken = None if said.taken_epoch is None else {"epoch": said.taken_epoch, "seq": said.taken_seq}
    spoken = opening.protocols[0] if opening.session else list(opening.protocols)
    value = {
        **{"protocol": spoken, "node": said.node, "name": said.name, "epoch": said.epoch},
        **{"head": said.head, "nonce": opening.nonce, "session": opening.session, "ticket": opening.ticket},
        **{"scope_hash": said.scope_hash, "taken": taken, "projects": [_write_place(each) for each in said.places]},
        **{"clock": said.clock.isoformat(), "program": said.program},
    }
    return _dump({name: part for name, part in value.items() if part not in (None, "", [])})


def read_opening(content: bytes) -> Opening:
    given = _load(content)
    taken = given.get("taken")
    greeting = Greeting(
        node=text_of(given, "node"), name=text_of(given, "name", absent=""), epoch=text_of(given, "epoch"),
        head=number_of(given, "head"), scope_hash=text_of(given, "scope_hash", absent=""),
        taken_epoch=None if taken is None else text_of(taken, "epoch"),
        taken_seq=None if taken is None else number_of(taken, "seq"),
        places=tuple(_read_place(each) for each in list_of(given, "projects", absent=())),
        clock=moment_of(given, "clock"), program=text_of(given, "program", absent=""),
    )  # fmt: skip
    return Opening(
        greeting=greeting, protocols=tuple(_read_protocols(given)), ticket=text_of(given, "ticket", absent="") or None,
        nonce=text_of(given, "nonce", absent=""), session=text_of(given, "session", absent=""),
    )  # fmt: skip


def find_protocols(content: bytes) -> Sequence[int]:
    """Say which versions a greeting names, whatever else is in it: a later version may have other fields."""
    return _read_protocols(_load(content))


def _read_protocols(given: Json) -> Sequence[int]:
    """Read the versions a hub speaks, or the one that a centre picked."""
    said = given.get("protocol")
    named = said if isinstance(said, list) else [said]
    versions = [each for each in named if type(each) is int]
    if not versions or len(versions) < len(named):
        raise BatchUnreadable(reason="'protocol' names no versions")
    return versions


def pack_json(value: Any) -> bytes:
    return compress(_dump(value))


def unpack_object(packed: bytes) -> Json:
    return _load(decompress(packed, largest=LARGEST_JSON))


def write_limits(since: int, limits: Limits) -> Json:
    return {"since": since, "bytes": limits.bytes, "changes": limits.changes}


def read_limits(given: Json) -> tuple[int, Limits]:
    """Read how much is asked for; more than MOST_AT_ONCE is not given."""
    most_bytes = min(number_of(given, "bytes"), MOST_AT_ONCE.bytes)
    return number_of(given, "since"), Limits(most_bytes, min(number_of(given, "changes"), MOST_AT_ONCE.changes))


def write_head(batch: Batch) -> Json:
    """Write a batch's header alone."""
    return {name: getattr(batch, name) for name in (*_BATCH_TEXTS, *_BATCH_NUMBERS)}


def read_head(given: Json, name: str = "batch") -> Batch:
    head = object_of(given, name)
    texts = {name: text_of(head, name) for name in _BATCH_TEXTS}
    return Batch(**texts, **{name: number_of(head, name) for name in _BATCH_NUMBERS}, items=())  # type: ignore[arg-type]


def write_taken(taken: Taken) -> Json:
    refused = [[each.item, each.reason] for each in taken.refused]
    return {"seq": taken.seq, "stored": taken.stored, "known": taken.known, "refused": refused}


def read_taken(given: Json) -> Taken:
    refused = []
    for each in list_of(given, "refused"):
        texts = texts_of({"refused": each}, "refused")
        if len(texts) != 2:
            raise BatchUnreadable(reason="'refused' names no item and reason")
        refused.append(Refusal(*texts))
    return Taken(number_of(given, "seq"), number_of(given, "stored"), number_of(given, "known"), tuple(refused))


def pack_named(batch: Batch, names: Sequence[str]) -> bytes:
    """Write the names of items in one line, and below it the batch of those that are not named but there."""
    return compress(_dump(list(names)) + b"\n" + write_lines(batch))


def unpack_named(packed: bytes) -> tuple[Batch, Sequence[str]]:
    line, _, lines = decompress(packed).partition(b"\n")
    return read_lines(lines), texts_of({"names": _parse(line)}, "names")


def _write_place(place: Place) -> Json:
    forms = {} if place.forms is None else {"forms": list(place.forms)}
    return {"project": place.project, "title": place.title, **forms}


def _read_place(given: Any) -> Place:
    forms = None if object_of({"project": given}, "project").get("forms") is None else texts_of(given, "forms")
    return Place(project=text_of(given, "project"), title=text_of(given, "title"), forms=forms)


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _load(content: bytes) -> Json:
    return object_of({"it": _parse(content)}, "it")


def _parse(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BatchUnreadable(reason="it is no JSON") from error
