"""Add files to a zip so that the same content makes the same bytes."""

import shutil
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

_PACKED_ALREADY = {".jpg", ".jpeg", ".png", ".webp", ".mp4", ".m4a", ".mp3", ".3gp", ".aac", ".webm", ".zip", ".docx"}
_PIECE = 64 * 1024


def new_entry(name: str, size: int = 0) -> ZipInfo:
    """Describe an entry; the date is constant, for the same submissions make the same bytes."""
    entry = ZipInfo(name)
    is_packed = Path(name).suffix.lower() in _PACKED_ALREADY
    entry.compress_type = ZIP_STORED if is_packed else ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    entry.file_size = size  # tells zipfile beforehand when an entry needs ZIP64
    return entry


def add_file(archive: ZipFile, path: Path, name: str) -> None:
    with path.open("rb") as stream:
        add_stream(archive, stream, name, path.stat().st_size)


def add_stream(archive: ZipFile, stream: BinaryIO, name: str, size: int) -> None:
    with archive.open(new_entry(name, size), "w") as entry:
        shutil.copyfileobj(stream, entry, _PIECE)
