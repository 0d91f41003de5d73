"""Names of things: which strings are which kind of id."""

import hashlib
import re
from typing import NewType

VersionId = NewType("VersionId", str)
"""sha256, in hexadecimal, of the bytes of a version exactly as they were received."""

InstanceId = NewType("InstanceId", str)
"""What the tablet calls a submission (meta/instanceID); an edit has a new one."""

BlobId = NewType("BlobId", str)
"""sha256, in hexadecimal, of the bytes of a file."""


# Two names and more stand in one entry of an index, and PostgreSQL takes no entry beyond 2,700 bytes.
LONGEST_NAME = 255


_SHA256 = re.compile(r"[0-9a-f]{64}")

# hashlib hands the interpreter to another thread for anything longer, and gets it back late: with sixty requests under
# way that costs more than hashing the XML of a submission does.
_PIECE = 2047
_LARGE = 65_536


def sha256_hex(content: bytes) -> str:
    if len(content) > _LARGE:
        return hashlib.sha256(content).hexdigest()
    digest = hashlib.sha256()
    for start in range(0, len(content), _PIECE):
        digest.update(content[start : start + _PIECE])
    return digest.hexdigest()


def is_sha256(text: str) -> bool:
    """Tell whether this is written as an id of bytes is; nothing else may become the name of a file."""
    return _SHA256.fullmatch(text) is not None


def bounded(name: str, longest: int = LONGEST_NAME) -> str:
    """Return a name that an index can hold: a longer one, which only a forger makes, is its beginning and its hash.

    The same on every node, so that what goes by the name does not depend on the database.
    """
    if len(name) <= longest:
        return name
    digest = sha256_hex(name.encode())
    return f"{name[: longest - len(digest) - 1]}~{digest}"
