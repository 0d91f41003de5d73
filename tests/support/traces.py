"""Search everything in a folder for bytes, also inside of what is packed: zip, deflate, gzip, Parquet."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import duckdb


def find_traces(folder: Path, *marks: str) -> list[str]:
    """Name each file in which a mark is found, and the mark."""
    wanted = [(mark, encoded) for mark in marks for encoded in (mark.encode(), mark.encode("utf-16-le"))]
    return sorted(
        {
            f"{path.relative_to(folder)}: {mark}"
            for path in folder.rglob("*")
            if path.is_file()
            for content in _contents(path)
            for mark, encoded in wanted
            if encoded in content
        }
    )


def _contents(path: Path) -> Iterator[bytes]:
    raw = path.read_bytes()
    yield raw
    for way in (gzip.decompress, zlib.decompress, _inflate):
        with suppress(zlib.error, OSError, EOFError):
            yield way(raw)
    with suppress(BadZipFile), ZipFile(BytesIO(raw)) as unpacked:
        yield from (unpacked.read(name) for name in unpacked.namelist())
    if raw[:4] == b"PAR1":
        rows = duckdb.connect().execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
        yield repr(rows).encode()


def _inflate(raw: bytes) -> bytes:
    return zlib.decompressobj(-15).decompress(raw)
