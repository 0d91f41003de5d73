"""Blobs in S3 or in what speaks like it: `<prefix>/ab/<sha256>`, written once, never changed.

S3 shows an object whole or not at all and answers when it is durable, so keeping a blob is one request: its sha256
travels along and is checked there. Large ones go in parts. Two writers of one blob write the same bytes.
"""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import uuid4

from sync_server.blobs.base import StoredBlob
from sync_server.blobs.s3_errors import refusal, told
from sync_server.blobs.s3_stream import PIECE, S3Stream
from sync_server.blobs.s3_upload import PART_BYTES, S3Upload
from sync_server.blobs.spool import HashedFile
from sync_server.core.ids import BlobId, sha256_hex

NAME = re.compile(r"[0-9a-f]{2}/([0-9a-f]{64})")
PAST_SHARDS = "g"  # other things under the prefix, such as warehouse/, come after all shards


@dataclass(frozen=True, slots=True)
class S3Place:
    """Where in S3, and how it is encrypted there: AES256, aws:kms or aws:kms:KEY; empty: as the bucket says."""

    bucket: str
    prefix: str = ""  # empty, or with a slash at its end
    encryption: str = ""

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def within(self, folder: str) -> "S3Place":
        return S3Place(self.bucket, f"{self.prefix}{folder}/", self.encryption)

    def key(self, blob_id: BlobId) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": f"{self.prefix}{blob_id[:2]}/{blob_id}"}


class S3Spool(HashedFile):
    """Written to memory or to a scratch file; kept by sending it."""

    def __init__(self, new_temporary: Callable[[], Path], send: Callable[[BinaryIO, BlobId, int], None]) -> None:
        super().__init__(new_temporary)
        self._send = send

    def keep(self) -> BlobId:
        self._send(self._take_up(), self.sha256, self.size)
        self.close()
        return self.sha256


class S3Blobs:
    def __init__(self, client: Any, place: S3Place, scratch: Path, *, part_bytes: int = PART_BYTES) -> None:
        self._client = client
        self._place = place
        self._scratch = scratch
        self._part_bytes = part_bytes

    def __repr__(self) -> str:
        return f"S3Blobs({self._place.url})"

    def within(self, folder: str) -> "S3Blobs":
        """Return the store of other things, in a folder under this one's prefix."""
        return S3Blobs(self._client, self._place.within(folder), self._scratch, part_bytes=self._part_bytes)

    def spool(self) -> S3Spool:
        return S3Spool(self._new_temporary, self._send)

    def put(self, content: bytes) -> BlobId:
        blob_id = BlobId(sha256_hex(content))
        self._send(io.BytesIO(content), blob_id, len(content))
        return blob_id

    def open(self, blob_id: BlobId) -> BinaryIO:
        def get(start: int) -> Any:
            with told("get", self._place.url, blob_id):
                return self._client.get_object(**self._place.key(blob_id), Range=f"bytes={start}-")["Body"]

        with told("get", self._place.url, blob_id):
            answer = self._client.get_object(**self._place.key(blob_id))
        stream = S3Stream(get, answer["Body"], answer["ContentLength"])
        return cast(BinaryIO, io.BufferedReader(stream, PIECE))

    def size(self, blob_id: BlobId) -> int | None:
        try:
            with told("head", self._place.url, blob_id):
                return int(self._client.head_object(**self._place.key(blob_id))["ContentLength"])
        except FileNotFoundError:
            return None

    def delete(self, blob_id: BlobId) -> None:
        """Delete it, and in a bucket that keeps old versions all of these: what is erased must be gone."""
        with told("delete", self._place.url):
            answer = self._client.delete_object(**self._place.key(blob_id))
            if answer.get("DeleteMarker"):
                self._delete_versions(blob_id)

    def iter_ids(self) -> Iterator[BlobId]:
        for blob in self.iter_stored():
            yield blob.id

    def iter_stored(self, shard: str = "") -> Iterator[StoredBlob]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._place.bucket, Prefix=self._place.prefix + shard
        )
        for page in self._told_pages(pages):
            for found in page.get("Contents", ()):
                name = found["Key"].removeprefix(self._place.prefix)
                if name >= PAST_SHARDS:
                    return
                if match := NAME.fullmatch(name):
                    yield StoredBlob(BlobId(match[1]), found["Size"], found["LastModified"].timestamp())

    def check(self) -> None:
        """Raise BlobStoreRefused, with the reason, when the store will not have us; BlobStoreAway when it is away."""
        self._try(lambda: self._client.list_objects_v2(Bucket=self._place.bucket, Prefix=self._place.prefix, MaxKeys=1))

    def check_writable(self) -> None:
        """Begin an upload and drop it, which leaves nothing; raise as `check` does."""
        key = {"Bucket": self._place.bucket, "Key": f"{self._place.prefix}writable-{uuid4().hex}"}

        def begin_and_drop() -> None:
            begun = self._client.create_multipart_upload(**key)
            self._client.abort_multipart_upload(**key, UploadId=begun["UploadId"])

        self._try(begin_and_drop)

    def _try(self, ask: Callable[[], Any]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            ask()
        except (BotoCoreError, ClientError) as error:
            raise refusal(error, self._place.url) from error

    def _send(self, content: BinaryIO, blob_id: BlobId, size: int) -> None:
        here = self.size(blob_id)
        if here == size:
            return
        upload = S3Upload(self._client, self._place.key(blob_id), self._place.encryption, is_new=here is None)
        with told("put", self._place.url):
            if size <= self._part_bytes:
                upload.send(content, blob_id)
            else:
                upload.send_parts(content, size, self._part_bytes)

    def _delete_versions(self, blob_id: BlobId) -> None:
        key = self._place.key(blob_id)
        pages = self._client.get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=key["Bucket"], Prefix=key["Key"]):
            for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                self._client.delete_object(**key, VersionId=found["VersionId"])

    def _told_pages(self, pages: Any) -> Iterator[dict[str, Any]]:
        following = iter(pages)
        while True:
            with told("list", self._place.url):
                page = next(following, None)
            if page is None:
                return
            yield page

    def _new_temporary(self) -> Path:
        self._scratch.mkdir(parents=True, exist_ok=True)
        return self._scratch / uuid4().hex
