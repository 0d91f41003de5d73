"""Pair two nodes that never see a network: a hub's question goes to the centre on a stick, the answer comes back.

The code goes another way than the stick, by telephone or on paper in another pocket: it proves to each end that the
file is the other's (core/pairing_file.py). With the answer comes the first bundle, so one way there and back is enough.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sync_server.core.pairing import PairingAnswer, PairingRequest, pairing_number, read_request
from sync_server.core.pairing_file import (
    ANSWER,
    LONGEST,
    NO_PAIRING,
    QUESTION,
    PairingFileBroken,
    read_pairing_file,
    read_pairing_head,
    write_pairing_file,
)
from sync_server.core.peer_places import PeerScope
from sync_server.durable import sync_folder
from sync_server.node import Node
from sync_server.peer_errors import PairingFileRefused, PairingFileUnwritable
from sync_server.services.accept_pairing import Join, Paired, accept_answer, make_request
from sync_server.services.admit_hub import admit_hub
from sync_server.services.node_secrets import make_pairing_code
from sync_server.services.peer_offers import read_code
from sync_server.store.accounts import Actor
from sync_server.store.peers import PeerNode

VALID_FOR = timedelta(days=60)
ANSWERED, FIRST_BUNDLE = ".answer", ".bundle"
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Question:
    """What a hub asked, and when by its own clock."""

    request: PairingRequest
    asked_at: datetime


def ask_by_stick(node: Node, actor: Actor | None, path: Path) -> str:
    """Write this node's question to a centre; return the code without which nobody can read or answer it."""
    code = make_pairing_code()
    request = make_request(node, actor, code)
    said = {"request": request.to_json(), "asked_at": datetime.now(UTC).isoformat(timespec="seconds")}
    _write(path.absolute(), QUESTION, code, said)
    return code


def read_question(path: Path, code: str) -> Question:
    """Read the question of a hub; raise PairingFileRefused."""
    said = _read(path, QUESTION, code)
    try:
        asked_at = datetime.fromisoformat(said["asked_at"]).astimezone(UTC)
        question = Question(read_request(said["request"]), asked_at)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise PairingFileRefused(file=path.name, reason=NO_PAIRING) from error
    if datetime.now(UTC) - asked_at > VALID_FOR:
        reason = (
            f"it was made on {asked_at:%Y-%m-%d} by the clock of the hub, and is good for {VALID_FOR.days} days; set "
            "that clock right if it is wrong, and let the hub ask anew"
        )
        raise PairingFileRefused(file=path.name, reason=reason)
    return question


def admit_by_stick(
    node: Node, actor: Actor | None, path: Path, code: str, question: Question, *, name: str, scope: PeerScope,
    replaces: PeerNode | None = None,
) -> tuple[PairingAnswer, str]:  # fmt: skip
    """Take the hub in, and write the answer beside its question; return it with the number that the hub shows too."""
    request = question.request
    answer = admit_hub(node, actor, code, request, name=name, scope=scope, replaces=replaces)
    said = {"request": request.to_json(), "answer": answer.to_json()}
    _write(beside(path, ANSWERED), ANSWER, code, said)
    return answer, pairing_number(request.key, answer.key)


def accept_by_stick(node: Node, actor: Actor | None, path: Path, code: str, *, join: Join = None) -> tuple[Paired, str]:
    """Take the answer to this node's question; return the pairing, with the number that the centre shows too."""
    answered = beside(path, ANSWERED)
    said = _read(answered, ANSWER, code)
    try:
        request = read_request(said["request"])
        written: Any = said["answer"]
    except (KeyError, ValueError) as error:
        raise PairingFileRefused(file=answered.name, reason=NO_PAIRING) from error
    paired = accept_answer(node, actor, code, request, written, join=join)
    return paired, pairing_number(request.key, paired.peer.public_key)


def beside(path: Path, ending: str) -> Path:
    """Name a file of this pairing, whichever of them was named."""
    path = path.absolute()
    name = path.name
    for known in (ANSWERED, FIRST_BUNDLE):
        name = name.removesuffix(known)
    return path.with_name(name + ending)


def _read(path: Path, kind: str, code: str) -> dict[str, Any]:
    offer, secret = read_code(code)
    try:
        return read_pairing_file(_read_bytes(path), kind, offer, secret)
    except PairingFileBroken as error:
        raise PairingFileRefused(file=path.name, reason=str(error)) from error
    except OSError as error:
        raise PairingFileRefused(file=path.name, reason=error.strerror or str(error)) from error


def _read_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise PairingFileBroken(NO_PAIRING)
    return content


def _write(path: Path, kind: str, code: str, said: dict[str, Any]) -> None:
    """Write a file whole or not at all; raise PairingFileUnwritable."""
    content = write_pairing_file(kind, *read_code(code), said, salt=os.urandom(_SALT_BYTES))
    aside = path.with_name(f".{path.name}.part")
    try:
        _require_free(path)
        aside.unlink(missing_ok=True)
        with aside.open("xb") as file:  # never through a link that lies on the stick under this name
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise PairingFileUnwritable(file=path, reason=error.strerror or str(error)) from error


def _require_free(path: Path) -> None:
    """Raise PairingFileUnwritable when a file is there that is none of a pairing."""
    try:
        if path.exists():
            read_pairing_head(_read_bytes(path))
    except PairingFileBroken as error:
        raise PairingFileUnwritable(file=path, reason="another file has this name already") from error
