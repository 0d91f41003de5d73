"""Connect to S3 or to what speaks like it (MinIO, Ceph, Garage): the one place that imports boto3.

boto3 comes with the extra `s3` and takes 35 MB of memory, so it is imported when the setting asks for it. Credentials
are those of the settings, else what boto3 finds by itself (environment, profile, the machine's own role).
"""

import logging
from dataclasses import dataclass, field
from typing import Any

from sync_server.operator_errors import BlobStoreNotInstalled

CONNECT_SECONDS = 5  # a store that is there answers in a fraction of it; an upload waits meanwhile
READ_SECONDS = 30
ATTEMPTS = 3  # with growing pauses; then the tablet is told to come again


@dataclass(frozen=True, slots=True)
class S3Options:
    endpoint: str = ""
    region: str = ""
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    connections: int = 10


def connect(options: S3Options) -> Any:
    """Return a client, which threads may share; nothing is sent yet. Raise BlobStoreNotInstalled without the extra."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise BlobStoreNotInstalled from error
    _keep_quiet()
    session = boto3.session.Session(
        aws_access_key_id=options.access_key or None,
        aws_secret_access_key=options.secret_key or None,
        region_name=options.region or None,
    )
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=options.connections,
        # Not every store knows AWS's newer checksums in the trailer. Ours is a header, and the signature covers all.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"payload_signing_enabled": True, "addressing_style": "path" if options.endpoint else "auto"},
    )
    region = session.region_name or "us-east-1"
    return session.client("s3", endpoint_url=options.endpoint or None, region_name=region, config=config)


def _keep_quiet() -> None:
    """At the level DEBUG these write every request with its signature, and where they found the credentials."""
    for name in ("boto3", "botocore", "s3transfer", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
