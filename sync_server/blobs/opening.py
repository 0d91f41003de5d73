"""Open the stores that the settings name: folders of the data folder, or S3."""

import logging
from pathlib import Path
from urllib.parse import urlsplit

from sync_server.blobs.base import BlobStore
from sync_server.blobs.filesystem import FilesystemBlobs
from sync_server.blobs.local_files import LocalFiles
from sync_server.blobs.s3 import S3Blobs, S3Place
from sync_server.blobs.s3_client import S3Options, connect
from sync_server.blobs.spool import forget_abandoned
from sync_server.errors import BlobStoreAway
from sync_server.settings import Settings

log = logging.getLogger(__name__)

SEGMENTS = "warehouse"


def open_blobs(settings: Settings) -> BlobStore:
    """Open the store of files.

    Raise BlobStoreRefused when S3 will not have us: that is a matter of settings. One that is only away is no reason
    not to start: forms and pages are served, and uploads are told to come later.
    """
    if not settings.blob_url:
        return FilesystemBlobs(settings.data / "blobs")
    if _scratch(settings).is_dir():
        forget_abandoned(_scratch(settings))
    blobs = open_s3(settings)
    try:
        blobs.check()
    except BlobStoreAway:
        log.error("file store away at start, uploads with files have to wait store=%r", blobs)
    return blobs


def open_s3(settings: Settings) -> S3Blobs:
    """Open S3 without asking it anything or changing anything here."""
    options = S3Options(
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key,
        connections=settings.threads,
    )
    address = urlsplit(settings.blob_url)
    prefix = address.path.strip("/")
    place = S3Place(address.netloc, f"{prefix}/" if prefix else "", settings.s3_encryption)
    return S3Blobs(connect(options), place, _scratch(settings))


def open_segments(settings: Settings, blobs: BlobStore) -> LocalFiles:
    """Open the store of the warehouse's segments beside that of the files."""
    folder = settings.data / SEGMENTS
    store = blobs.within(SEGMENTS) if isinstance(blobs, S3Blobs) else FilesystemBlobs(folder)
    return LocalFiles(store, settings.data / "scratch" / "copies", settings.s3_copies_bytes)


def _scratch(settings: Settings) -> Path:
    return settings.data / "scratch" / "uploads"
