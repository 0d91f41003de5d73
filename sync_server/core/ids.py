"""Names of things: which strings are which kind of id."""

import hashlib
from typing import NewType

VersionId = NewType("VersionId", str)
"""sha256, in hexadecimal, of the bytes of a version exactly as they were received."""

InstanceId = NewType("InstanceId", str)
"""What the tablet calls a submission (meta/instanceID); an edit has a new one."""

BlobId = NewType("BlobId", str)
"""sha256, in hexadecimal, of the bytes of a file."""


# Two names and more stand in one entry of an index, and PostgreSQL takes no entry beyond 2,700 bytes.
LONGEST_NAME = 255


def sha256_hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def bounded(name: str, longest: int = LONGEST_NAME) -> str:
    """Return a name that an index can hold: a longer one, which only a forger makes, is its beginning and its hash.

    The same on every node, so that what goes by the name does not depend on the database.
    """
    if len(name) <= longest:
        return name
    digest = sha256_hex(name.encode())
    return f"{name[: longest - len(digest) - 1]}~{digest}"
