"""Nodes that keep their files in the tests' S3."""

from pathlib import Path
from typing import Any

from sync_server.settings import Settings
from tests.support.s3 import ACCESS_KEY, REGION, SECRET_KEY, S3Server


def s3_settings(server: S3Server, data: Path, bucket: str = "", **changes: Any) -> Settings:
    """Settings of a node with a bucket of its own, unless one is named."""
    return Settings(
        data=data,
        min_free_bytes=0,
        blob_url=f"s3://{bucket or server.new_bucket()}/node",
        s3_endpoint=server.endpoint,
        s3_region=REGION,
        **{"s3_access_key": ACCESS_KEY, "s3_secret_key": SECRET_KEY, **changes},
    )
