"""What one node signs when it asks another, and what that signs when it answers (docs/replication.md, "Speaking").

A request is signed as method, path, session word and body: none can be swapped for another's. An answer is signed
together with the signature of its request, so that whoever sits in between, where the line is plain http, can neither
make one up nor give the answer to another question.
"""

import base64
import hashlib
import re
from dataclasses import dataclass, field

SCHEME = "SyncNode"
ANSWER_HEADER = "Sync-Signature"
SIGNATURE_BYTES = 64

# base64 of 64 bytes: the last letter before == stands for two bits only, so only four letters can be there.
_SIGNATURE = r"[A-Za-z0-9+/]{85}[AQgw]=="
_HEADER = re.compile(
    rf'{SCHEME} node="(?P<node>[\w-]{{1,64}})", session="(?P<session>[\w.-]{{0,100}})", '
    rf'signature="(?P<signed>{_SIGNATURE})"',
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who says it asks: nothing of it is known to be true before the signature was checked."""

    node: str
    session: str
    signature: bytes = field(repr=False)


def write_header(credentials: Credentials) -> str:
    """Write the value of the header Authorization."""
    signed = write_signature(credentials.signature)
    return f'{SCHEME} node="{credentials.node}", session="{credentials.session}", signature="{signed}"'


def read_header(value: str) -> Credentials | None:
    """Read the header as `write_header` writes it; None for anything else."""
    found = _HEADER.fullmatch(value)
    if found is None:
        return None
    return Credentials(found["node"], found["session"], base64.b64decode(found["signed"]))


def write_signature(signature: bytes) -> str:
    """Write a signature as a header's value."""
    return base64.b64encode(signature).decode("ascii")


def read_signature(value: str) -> bytes | None:
    """Read a signature from a header; None for what is none."""
    return base64.b64decode(value) if re.fullmatch(_SIGNATURE, value) else None


def request_message(method: str, path: str, session: str, body: bytes) -> bytes:
    """Compose what a request's signature is over. `path` begins with /replication, whatever stands before it."""
    return "\n".join((method, path, session, hashlib.sha256(body).hexdigest())).encode()


def answer_message(request_signature: bytes, status: int, body: bytes) -> bytes:
    """Compose what an answer's signature is over."""
    return "\n".join(("answer", request_signature.hex(), str(status), hashlib.sha256(body).hexdigest())).encode()
