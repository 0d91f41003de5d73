"""Read a submission's POST without holding it in memory: the XML, and each file straight into a spool.

Flask's own form parser is not used: it would decode the XML as text, hold form fields to 500 kB, and refuse an upload
for one file name that is not UTF-8. Unknown fields (`*isIncomplete*`, `__csrf`) are read over. Names are data and kept
as they came: blobs are stored under their sha256, so no name reaches the disk.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Request
from werkzeug.exceptions import HTTPException

from sync_server.blobs.base import BlobStore
from sync_server.errors import BrokenUpload, DiskFull, NoSubmissionXml, UploadTooLarge
from sync_server.protocols.multipart import Part, Write, read_multipart
from sync_server.services.receive_submission import UploadedFile

XML_PART = "xml_submission_file"
UNKNOWN_TYPE = "application/octet-stream"
PIECE_BYTES = 65_536
HELD_BYTES = 1_000_000  # of one upload's files in memory or in open ones; an album has more than a process may open
NO_SPACE = 28  # errno ENOSPC, the same number everywhere


@contextmanager
def read_parts(request: Request, blobs: BlobStore, *, limit: int = 0) -> Iterator[tuple[bytes, list[UploadedFile]]]:
    """Give the XML and the files of a POST; what was not kept is forgotten at the end.

    Raises NoSubmissionXml, BrokenUpload (the connection broke, or it is no multipart at all), UploadTooLarge and
    DiskFull.
    """
    parts = _Parts(blobs)
    try:
        _fill(parts, request, limit)
        if parts.xml is None:
            raise NoSubmissionXml
        yield parts.xml, parts.files
    finally:
        for file in parts.files:
            file.spool.close()


def _fill(parts: "_Parts", request: Request, limit: int) -> None:
    pieces = iter_body(request, limit)
    try:
        if request.mimetype == "multipart/form-data":
            boundary = request.mimetype_params.get("boundary", "").encode("latin-1", "replace")
            if not boundary:
                raise BrokenUpload
            read_multipart(pieces, boundary, parts.begin)
        elif request.mimetype in ("text/xml", "application/xml"):
            parts.take_bare_xml(pieces)
    except (ValueError, HTTPException) as error:  # no last boundary, no headers, the client went away
        raise BrokenUpload from error
    except OSError as error:
        raise DiskFull if error.errno == NO_SPACE else error from error


def iter_body(request: Request, limit: int) -> Iterator[bytes]:
    """Give a request's body piece by piece; raise UploadTooLarge beyond a limit, 0 for none."""
    # Without a length Werkzeug trusts no server to end the stream; ours ends it where the last chunk does.
    is_chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    stream = request.environ["wsgi.input"] if is_chunked else request.stream
    size = 0
    while piece := stream.read(PIECE_BYTES):
        size += len(piece)
        if limit and size > limit:
            raise UploadTooLarge(size=request.content_length or size, limit=limit)
        yield piece


class _Parts:
    """Sorts the parts: the XML stays in memory, a file goes to a spool, an unknown field nowhere."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._xml: list[bytes] | None = None
        self._held = 0
        self.files: list[UploadedFile] = []

    @property
    def xml(self) -> bytes | None:
        return None if self._xml is None else b"".join(self._xml)

    def begin(self, part: Part) -> Write | None:
        if part.name == XML_PART and self._xml is None:
            self._xml = []
            return self._xml.append
        self._set_down_last()
        if part.file_name is None:
            return None
        file = UploadedFile(_file_name(part), part.content_type or UNKNOWN_TYPE, self._blobs.spool())
        self.files.append(file)
        return file.spool.write

    def _set_down_last(self) -> None:
        if self.files and self._held <= HELD_BYTES:
            self._held += self.files[-1].spool.size
        if self._held > HELD_BYTES:
            self.files[-1].spool.set_down()

    def take_bare_xml(self, pieces: Iterator[bytes]) -> None:
        self._xml = list(pieces)


def _file_name(part: Part) -> str:
    """The file's name; Collect gives the part the same, a browser may say 'blob' for want of one."""
    name = part.file_name
    return name if name and (name != "blob" or not part.name) else part.name or "unnamed"
