"""The seam of the blob store: bytes by their sha256, written once, never changed.

Every implementation passes tests/contracts/test_blobs.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from sync_server.core.ids import BlobId


class BlobDamaged(OSError):
    """The bytes under an id are not those whose sha256 it is."""


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """What a listing says of a blob, without opening it."""

    id: BlobId
    size: int
    modified: float  # seconds since 1970


class Spool(Protocol):
    """A file on its way in: written and hashed piece by piece, then kept or thrown away."""

    @property
    def size(self) -> int: ...

    @property
    def sha256(self) -> BlobId: ...

    def write(self, data: bytes, /) -> int: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...

    def read(self, size: int = -1, /) -> bytes: ...

    def set_down(self) -> None:
        """Take up neither memory nor an open file until it is kept; nothing is written or read after this."""
        ...

    def keep(self) -> BlobId:
        """Make the bytes durable under their sha256; return when they would survive a power cut."""
        ...

    def close(self) -> None:
        """Forget the bytes unless they were kept."""
        ...


class BlobStore(Protocol):
    def spool(self) -> Spool: ...

    def put(self, content: bytes) -> BlobId:
        """Store small content that is in memory already."""
        ...

    def open(self, blob_id: BlobId) -> BinaryIO:
        """Open for reading; raise FileNotFoundError when it is not here."""
        ...

    def size(self, blob_id: BlobId) -> int | None:
        """Length in bytes, None when it is not here."""
        ...

    def delete(self, blob_id: BlobId) -> None: ...

    def iter_ids(self) -> Iterator[BlobId]: ...

    def iter_stored(self, shard: str = "") -> Iterator[StoredBlob]:
        """List what is here in the order of the ids; of a shard, only those whose ids begin with its two digits."""
        ...
