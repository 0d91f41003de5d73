"""Read a submission's POST without holding it in memory: the XML, and each file straight into a spool.

Werkzeug's decoder finds the parts; its own form parser is not used, because it would decode the XML as text, hold form
fields to 500 kB, and refuse an upload for one file name that is not UTF-8. Unknown fields (`*isIncomplete*`, `__csrf`)
are read over. Names are data and kept as they came: blobs are stored under their sha256, so no name reaches the disk.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import Request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from sync_server.blobs.base import BlobStore
from sync_server.errors import BrokenUpload, DiskFull, NoSubmissionXml, UploadTooLarge
from sync_server.services.receive_submission import UploadedFile

XML_PART = "xml_submission_file"
PIECE_BYTES = 65_536
_QUOTED_NAME = re.compile(r';\s*filename="((?:\\"|[^"])*)"', re.IGNORECASE)
NO_SPACE = 28  # errno ENOSPC, the same number everywhere


@dataclass(slots=True)
class SubmittedParts:
    """What one POST brought."""

    xml: bytes | None = None
    files: list[UploadedFile] = field(default_factory=list)


@contextmanager
def read_parts(request: Request, blobs: BlobStore, *, limit: int = 0) -> Iterator[tuple[bytes, list[UploadedFile]]]:
    """Give the XML and the files of a POST; what was not kept is forgotten at the end.

    Raises NoSubmissionXml, BrokenUpload (the connection broke, or it is no multipart at all), UploadTooLarge and
    DiskFull.
    """
    parts = SubmittedParts()
    try:
        _fill(parts, request, blobs, limit)
        if parts.xml is None:
            raise NoSubmissionXml
        yield parts.xml, parts.files
    finally:
        for file in parts.files:
            file.spool.close()


def _fill(parts: SubmittedParts, request: Request, blobs: BlobStore, limit: int) -> None:
    pieces = _iter_pieces(request, limit)
    try:
        if request.mimetype == "multipart/form-data":
            boundary = request.mimetype_params.get("boundary", "").encode("latin-1", "replace")
            _read_multipart(parts, pieces, boundary, blobs)
        elif request.mimetype in ("text/xml", "application/xml"):
            parts.xml = b"".join(pieces)
    except (ValueError, HTTPException) as error:  # no closing boundary, no headers, the client went away
        raise BrokenUpload from error
    except OSError as error:
        raise DiskFull if error.errno == NO_SPACE else error from error


def _iter_pieces(request: Request, limit: int) -> Iterator[bytes]:
    # Without a length Werkzeug trusts no server to end the stream; ours ends it where the last chunk does.
    is_chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    stream = request.environ["wsgi.input"] if is_chunked else request.stream
    size = 0
    while piece := stream.read(PIECE_BYTES):
        size += len(piece)
        if limit and size > limit:
            raise UploadTooLarge(size=request.content_length or size, limit=limit)
        yield piece


def _read_multipart(parts: SubmittedParts, pieces: Iterator[bytes], boundary: bytes, blobs: BlobStore) -> None:
    if not boundary:
        raise BrokenUpload
    decoder = _LenientDecoder(boundary)
    reader = _PartReader(parts, blobs)
    for piece in pieces:
        decoder.receive_data(piece)
        while not isinstance(event := decoder.next_event(), NeedData):
            reader.take(event)
    decoder.receive_data(None)
    while not isinstance(event := decoder.next_event(), Epilogue):  # raises ValueError when the end is missing
        reader.take(event)


class _PartReader:
    """Sorts the decoder's events: bytes go to the XML, to a file's spool, or nowhere."""

    def __init__(self, parts: SubmittedParts, blobs: BlobStore) -> None:
        self._parts = parts
        self._blobs = blobs
        self._xml: list[bytes] | None = None
        self._spool: UploadedFile | None = None

    def take(self, event: object) -> None:
        if isinstance(event, Data):
            self._write(event)
        elif isinstance(event, Field | File):
            self._begin(event)

    def _begin(self, part: Field | File) -> None:
        self._xml = self._spool = None
        if part.name == XML_PART and self._parts.xml is None:
            self._xml = []
        elif isinstance(part, File):
            self._spool = UploadedFile(_file_name(part), _file_type(part.headers), self._blobs.spool())
            self._parts.files.append(self._spool)

    def _write(self, data: Data) -> None:
        if self._spool is not None:
            self._spool.spool.write(data.data)
        elif self._xml is not None:
            self._xml.append(data.data)
            if not data.more_data:
                self._parts.xml = b"".join(self._xml)


def _file_name(part: File) -> str:
    """The file's name; Collect gives the part the same, a browser may say 'blob' for want of one.

    Only quotes are escaped, by the HTML standard as %22, by others with a backslash; any other backslash is the name's.
    """
    quoted = _QUOTED_NAME.search(part.headers["Content-Disposition"])
    name = quoted.group(1).replace('\\"', '"').replace("%22", '"') if quoted else part.filename
    return name if name and (name != "blob" or not part.name) else part.name or "unnamed"


def _file_type(headers: Headers) -> str:
    return headers.get("Content-Type", "application/octet-stream")


class _LenientDecoder(MultipartDecoder):
    """Reads part headers that are not UTF-8 as Latin-1, rather than refuse the upload for a file's name."""

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        try:
            return super()._parse_headers(data)
        except UnicodeDecodeError:
            return super()._parse_headers(bytes(data).decode("latin-1").encode("utf-8"))
