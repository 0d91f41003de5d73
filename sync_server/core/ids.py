"""Names of things: which strings are which kind of id."""

import hashlib
from typing import NewType

VersionId = NewType("VersionId", str)
"""sha256, in hexadecimal, of the bytes of a version exactly as they were received."""

InstanceId = NewType("InstanceId", str)
"""What the tablet calls a submission (meta/instanceID); an edit has a new one."""

BlobId = NewType("BlobId", str)
"""sha256, in hexadecimal, of the bytes of a file."""


def sha256_hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
