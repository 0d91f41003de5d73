"""Blobs in memory, for tests and for looking at what a bundle would bring."""

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

from sync_server.blobs.base import StoredBlob
from sync_server.core.ids import BlobId, sha256_hex


class MemorySpool(BytesIO):
    def __init__(self, blobs: dict[BlobId, bytes]) -> None:
        super().__init__()
        self._blobs = blobs

    @property
    def size(self) -> int:
        return len(self.getvalue())

    @property
    def sha256(self) -> BlobId:
        return BlobId(sha256_hex(self.getvalue()))

    def set_down(self) -> None:
        """Stay where it is: there is no other place."""

    def keep(self) -> BlobId:
        blob_id = self.sha256
        self._blobs[blob_id] = self.getvalue()
        return blob_id


class MemoryBlobs:
    def __init__(self) -> None:
        self._blobs: dict[BlobId, bytes] = {}

    def spool(self) -> MemorySpool:
        return MemorySpool(self._blobs)

    def put(self, content: bytes) -> BlobId:
        spool = self.spool()
        spool.write(content)
        return spool.keep()

    def open(self, blob_id: BlobId) -> BinaryIO:
        try:
            return BytesIO(self._blobs[blob_id])
        except KeyError:
            raise FileNotFoundError(blob_id) from None

    def size(self, blob_id: BlobId) -> int | None:
        content = self._blobs.get(blob_id)
        return None if content is None else len(content)

    def delete(self, blob_id: BlobId) -> None:
        self._blobs.pop(blob_id, None)

    def iter_ids(self) -> Iterator[BlobId]:
        yield from sorted(self._blobs)

    def iter_stored(self, shard: str = "") -> Iterator[StoredBlob]:
        for blob_id in self.iter_ids():
            if blob_id.startswith(shard):
                yield StoredBlob(blob_id, len(self._blobs[blob_id]), 0.0)
