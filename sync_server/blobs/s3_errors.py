"""What S3 answers when it does not do as asked, as this server says it: absent, away, or refused.

Neither keys nor S3's own words go on, only its code: its words may name the account.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from sync_server.core.ids import BlobId
from sync_server.errors import BlobStoreAway, Problem
from sync_server.operator_errors import BlobStoreRefused

log = logging.getLogger(__name__)

REASONS = {
    "AccessDenied": "these credentials may not do that there; give them the rights that docs/operations.md lists",
    "AuthorizationHeaderMalformed": "the region is another; set s3_region",
    "ExpiredToken": "the credentials are no longer valid; renew them",
    "InvalidAccessKeyId": "the access key is not known there; check s3_access_key",
    "NoCredentials": "there are no credentials; set s3_access_key and s3_secret_key",
    "NoSuchBucket": "there is no such bucket; check blob_url, or make it",
    "PermanentRedirect": "the bucket is in another region; set s3_region",
    "RequestTimeTooSkewed": "this machine's clock is wrong; set it",
    "SignatureDoesNotMatch": "the secret key is not the right one; check s3_secret_key",
}
SHORT_CODES = {"403": "AccessDenied", "301": "PermanentRedirect"}  # the answer to HEAD has no body to say more


def code_of(error: Exception) -> str:
    """Return S3's own code, such as NoSuchKey, or the name of what happened on the way."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        code = str(response.get("Error", {}).get("Code", ""))
        return SHORT_CODES.get(code, code)
    return "NoCredentials" if "Credentials" in type(error).__name__ else type(error).__name__


def is_absent(error: Exception) -> bool:
    return code_of(error) in ("404", "NoSuchKey", "NotFound")


def refusal(error: Exception, url: str) -> Problem:
    """Say what a person who sets up the node has to know: refused, and why; or only away."""
    code = code_of(error)
    status = getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode", 503)
    if code in REASONS or 400 <= status < 500:
        return BlobStoreRefused(url=url, reason=REASONS.get(code, "it refuses what is asked of it"), code=code)
    return BlobStoreAway()


@contextmanager
def told(doing: str, url: str, blob_id: BlobId | None = None) -> Iterator[None]:
    """Turn what S3 answers into FileNotFoundError, or into 'later': even what is refused may be allowed again soon,
    and a tablet must keep what it has."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError) as error:
        if blob_id is not None and is_absent(error):
            raise FileNotFoundError(blob_id) from None
        log.error("file store failed doing=%s code=%s blob=%s url=%s", doing, code_of(error), blob_id, url)
        raise BlobStoreAway from error
