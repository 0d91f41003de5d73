"""What two nodes say to each other when they are paired, each with a proof that it holds the same code.

A proof is an HMAC under the code's secret over everything said: the answer's covers the request too, so both keys and
what is shared. Who sits in between and lacks the secret can neither change a word nor answer in the other's place.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sync_server.core.digest import canonical_json

KEY_BYTES = 32
LONGEST_NAME = 500
MOST_PROJECTS = 1_000
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingRequest:
    """What a hub says of itself; the names are those of the JSON."""

    protocol: int
    offer: str
    node: str
    name: str
    public_key: str
    nonce: str
    proof: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def key(self) -> bytes:
        """The 32 bytes of the public key; raise ValueError for what is none."""
        return read_key(self.public_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPlace:
    """A project that two nodes have in common, and which of its forms; None: all of them, later ones too."""

    project: str
    title: str
    forms: tuple[str, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        forms = None if self.forms is None else list(self.forms)
        return {"project": self.project, "title": self.title, "forms": forms}


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingAnswer:
    """What the centre says of itself, and which projects it shares."""

    node: str
    name: str
    public_key: str
    nonce: str
    projects: tuple[SharedPlace, ...]
    proof: str = ""

    def to_json(self) -> dict[str, Any]:
        said = {"node": self.node, "name": self.name, "public_key": self.public_key, "nonce": self.nonce}
        return {**said, "projects": [place.to_json() for place in self.projects], "proof": self.proof}

    @property
    def key(self) -> bytes:
        return read_key(self.public_key)


def prove_request(secret: str, request: PairingRequest) -> str:
    return _prove(secret, "request", [_without_proof(request.to_json())])


def prove_answer(secret: str, request: PairingRequest, answer: PairingAnswer) -> str:
    """Prove an answer to exactly this request."""
    return _prove(secret, "answer", [_without_proof(request.to_json()), _without_proof(answer.to_json())])


def is_proof(given: str, expected: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def read_request(written: Any) -> PairingRequest:
    """Read a request's JSON; raise ValueError for what is none."""
    try:
        words = {name: _read_text(written[name]) for name in ("offer", "node", "name", "public_key", "nonce", "proof")}
        protocol = written["protocol"]
    except (KeyError, TypeError) as error:
        raise ValueError("no request") from error
    request = PairingRequest(protocol=protocol, **words)
    if type(protocol) is not int or not _ID.fullmatch(request.node) or len(request.key) != KEY_BYTES:
        raise ValueError("no request")
    return request


def read_answer(written: Any) -> PairingAnswer:
    """Read an answer's JSON; raise ValueError for what is none."""
    try:
        words = {name: _read_text(written[name]) for name in ("node", "name", "public_key", "nonce", "proof")}
        projects = tuple(_read_place(place) for place in written["projects"][:MOST_PROJECTS])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("no answer") from error
    answer = PairingAnswer(**words, projects=projects)
    if len(answer.key) != KEY_BYTES:
        raise ValueError("no key")
    return answer


def read_key(written: str) -> bytes:
    """Return the bytes of a public key; raise ValueError unless they are written in the one way there is."""
    try:
        key = base64.b64decode(written.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("no base64") from error
    if len(key) != KEY_BYTES or write_key(key) != written:
        raise ValueError("no key")
    return key


def write_key(key: bytes) -> str:
    return base64.b64encode(key).decode()


def pairing_number(one: bytes, other: bytes) -> str:
    """Make the number of two public keys that both ends show alike, to be compared by telephone: six groups of five.

    Who sits in between with keys of their own would have to find two pairs with one number of 30 digits.
    """
    digest = hashlib.sha256(b"sync-server pairing number 1\n" + b"".join(sorted((one, other)))).digest()
    digits = f"{int.from_bytes(digest) % 10**30:030d}"
    return " ".join(digits[start : start + 5] for start in range(0, 30, 5))


def _prove(secret: str, what: str, said: list[Any]) -> str:
    message = f"sync-server pairing 1 {what}\n{canonical_json(said)}"
    return hmac.digest(secret.encode(), message.encode(), "sha256").hex()


def _without_proof(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name != "proof"}


def _read_place(written: Any) -> SharedPlace:
    forms = written.get("forms")
    named = None if forms is None else tuple(_read_text(form) for form in forms)
    return SharedPlace(project=_read_text(written["project"]), title=_read_text(written["title"]), forms=named)


def _read_text(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > LONGEST_NAME or "\0" in value:
        raise ValueError("no text")
    return value
