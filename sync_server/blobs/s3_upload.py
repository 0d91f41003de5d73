"""Send one blob to S3: in one request, or in parts when it is large.

Each request carries its sha256, in the signature and as a checksum that S3 compares and keeps. A blob that is new is
written only if nobody else has written it meanwhile; a store that does not know this condition gets it without.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO

from sync_server.blobs.s3_errors import code_of
from sync_server.core.ids import BlobId

PART_BYTES = 8_000_000  # held in memory while it is sent, for each upload; a photo goes whole, from its file
MOST_PARTS = 9_000  # S3 takes 10,000
WRITTEN_MEANWHILE = ("PreconditionFailed", "412")
NO_CONDITIONS = ("ConditionalRequestConflict", "NotImplemented", "409", "501")


class S3Upload:
    def __init__(self, client: Any, key: dict[str, str], encryption: str, *, is_new: bool) -> None:
        self._client = client
        self._key = key
        self._encryption = _encryption(encryption)
        self._condition = {"IfNoneMatch": "*"} if is_new else {}

    def send(self, content: BinaryIO, blob_id: BlobId) -> None:
        checksum = b64encode(bytes.fromhex(blob_id)).decode()

        def put(condition: dict[str, str]) -> None:
            content.seek(0)
            self._client.put_object(**self._key, **self._encryption, **condition, Body=content, ChecksumSHA256=checksum)

        self._unless_written(put)

    def send_parts(self, content: BinaryIO, size: int, part_bytes: int) -> None:
        begun = self._client.create_multipart_upload(**self._key, **self._encryption, ChecksumAlgorithm="SHA256")
        upload = {**self._key, "UploadId": begun["UploadId"]}
        try:
            content.seek(0)
            parts = list(self._send_each(upload, content, max(part_bytes, size // MOST_PARTS + 1)))
            if not self._unless_written(lambda condition: self._complete(upload, parts, size, condition)):
                self._abort(upload)
        except BaseException:
            self._abort(upload)
            raise

    def _unless_written(self, put: Callable[[dict[str, str]], None]) -> bool:
        """Write it; False when another writer, or our own request whose answer was lost, has done so."""
        from botocore.exceptions import ClientError

        try:
            put(self._condition)
        except ClientError as error:
            code = code_of(error)
            if not self._condition or code not in (*WRITTEN_MEANWHILE, *NO_CONDITIONS):
                raise
            if code in WRITTEN_MEANWHILE:
                return False
            put({})
        return True

    def _send_each(self, upload: dict[str, str], content: BinaryIO, part_bytes: int) -> Iterator[dict[str, Any]]:
        number = 0
        while part := content.read(part_bytes):
            number += 1
            checksum = b64encode(hashlib.sha256(part).digest()).decode()
            answer = self._client.upload_part(**upload, PartNumber=number, Body=part, ChecksumSHA256=checksum)
            yield {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}

    def _complete(
        self, upload: dict[str, str], parts: list[dict[str, Any]], size: int, condition: dict[str, str]
    ) -> None:
        from botocore.exceptions import ClientError

        try:
            self._client.complete_multipart_upload(**upload, **condition, MultipartUpload={"Parts": parts})
        except ClientError as error:
            # Asked again after an answer that was lost, it is complete already and no longer known as an upload.
            if code_of(error) != "NoSuchUpload" or self._client.head_object(**self._key)["ContentLength"] != size:
                raise

    def _abort(self, upload: dict[str, str]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        with suppress(BotoCoreError, ClientError):  # the bucket's own rule takes away what is left (operations.md)
            self._client.abort_multipart_upload(**upload)


def _encryption(wanted: str) -> dict[str, str]:
    """AES256, aws:kms or aws:kms:KEY, as S3 names the parts."""
    if not wanted.startswith("aws:kms"):
        return {"ServerSideEncryption": wanted} if wanted else {}
    key = wanted.removeprefix("aws:kms").lstrip(":")
    return {"ServerSideEncryption": "aws:kms", **({"SSEKMSKeyId": key} if key else {})}
