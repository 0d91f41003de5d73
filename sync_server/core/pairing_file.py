"""A pairing that goes by stick: a hub's question and the centre's answer, each a file that only the code opens.

Sealed under the code's secret, so who has the stick and not the code reads nothing of it, and changes nothing
unnoticed. In clear is what kind of file it is and the code's first group: so a file of another code is told from one
that was damaged.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from sync_server.core.digest import canonical_json
from sync_server.core.ids import sha256_hex
from sync_server.core.sealing import NotAsSealed, derive, open_sealed, seal

FORMAT = 1
QUESTION, ANSWER = "question", "answer"
LONGEST = 2_000_000  # bytes: a thousand projects with their forms fit

NO_PAIRING = "it is no file that sync-server pair made"
NEWER = "a newer version of this program made it; update this node first"
A_QUESTION = "it is the question of a hub, and goes to the centre (sync-server pair admit)"
AN_ANSWER = "it is the answer of a centre, and goes back to the hub that asked (sync-server pair accept)"
DAMAGED = "it was damaged on the way; copy it once more, or let it be made again"
NOT_BY_CODE = "the code was mistyped, or somebody who does not have it made this file"


class PairingFileBroken(Exception):
    """It is no file of this pairing, or not as it was made; the reason is for people."""


def write_pairing_file(kind: str, offer: str, secret: str, said: Mapping[str, Any], *, salt: bytes) -> bytes:
    """Seal what one end says under a code; `salt` is random and never used twice."""
    head = _head(kind, offer)
    sealed = b"".join(seal([json.dumps(said).encode()], _key(secret), salt, context=head))
    written = {"format": FORMAT, "kind": kind, "code": offer, "sealed": b64encode(sealed).decode()}
    return json.dumps({"sync-server": "pairing", **written, "sha256": sha256_hex(head + sealed)}).encode() + b"\n"


def read_pairing_file(content: bytes, kind: str, offer: str, secret: str) -> dict[str, Any]:
    """Return what was said; raise PairingFileBroken for a file of another kind or code, or an altered one."""
    written = read_pairing_head(content)
    if written["kind"] != kind:
        raise PairingFileBroken(A_QUESTION if kind == ANSWER else AN_ANSWER)
    if written["code"] != offer:
        raise PairingFileBroken(f"it belongs to another code, which begins with {ascii(written['code'])[1:9]}")
    try:
        sealed = b64decode(written["sealed"], validate=True)
    except ValueError as error:
        raise PairingFileBroken(DAMAGED) from error
    head = _head(kind, offer)
    if written["sha256"] != sha256_hex(head + sealed):
        raise PairingFileBroken(DAMAGED)
    try:
        said = json.loads(b"".join(open_sealed(BytesIO(sealed), _key(secret), context=head)))
    except (NotAsSealed, ValueError) as error:
        raise PairingFileBroken(NOT_BY_CODE) from error
    if not isinstance(said, dict):
        raise PairingFileBroken(NOT_BY_CODE)
    return said


def read_pairing_head(content: bytes) -> dict[str, Any]:
    """Read what a file says in clear, of which nothing is proven; raise PairingFileBroken for what is none."""
    try:
        written = json.loads(content)
        is_one = written["sync-server"] == "pairing"
        words = {name: written[name] for name in ("kind", "code", "sealed", "sha256")}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PairingFileBroken(NO_PAIRING) from error
    if not is_one or not all(isinstance(word, str) for word in words.values()):
        raise PairingFileBroken(NO_PAIRING)
    if written.get("format") != FORMAT:
        raise PairingFileBroken(NEWER)
    return words


def _head(kind: str, offer: str) -> bytes:
    return canonical_json(["sync-server pairing file", FORMAT, kind, offer]).encode()


def _key(secret: str) -> bytes:
    return derive(secret.encode(), b"pairing file")
