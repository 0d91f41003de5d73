"""Answer with a body that is written down first, so that nobody ever gets half of it: with its ETag, or 304.

The ETag is the checksum of the bytes, so it changes exactly when they do, whatever they were made of. Memory does not
grow with the body: beyond a page it lies in a file.
"""

import hashlib
from collections.abc import Callable
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from flask import Response, request, send_file

from sync_server.protocols.authentication import current_node

IN_MEMORY = 1_000_000  # bytes: more than a page of a few hundred rows
CACHE = "private, no-cache"
_PIECE = 1 << 20


def answer_written(write: Callable[[IO[bytes]], object], content_type: str, *, name: str | None = None) -> Response:
    """Answer what `write` writes; `name` is that of the file it is to be saved as."""
    file = SpooledTemporaryFile(IN_MEMORY, dir=str(current_node().scratch))  # noqa: SIM115 closed with the response
    try:
        write(cast(IO[bytes], file))
    except BaseException:
        file.close()
        raise
    length, etag = file.tell(), _checksum(cast(IO[bytes], file))
    is_known = request.if_none_match.contains(etag)
    if is_known or request.method == "HEAD":  # nobody would close the file
        file.close()
        response = Response(status=304 if is_known else 200)
    else:
        response = send_file(file, mimetype=content_type, download_name=name, as_attachment=name is not None)
    if not is_known:
        response.headers["Content-Type"] = content_type
        response.content_length = length
    response.set_etag(etag)
    response.headers["Cache-Control"] = CACHE
    return response


def _checksum(file: IO[bytes]) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(_PIECE):
        digest.update(piece)
    file.seek(0)
    return digest.hexdigest()[:32]
