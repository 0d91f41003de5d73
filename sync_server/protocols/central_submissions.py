"""Download a form's submissions as ODK Central's REST gives them.

GET, HEAD, POST /v1/projects/{id}/forms/{formId}/submissions.csv.zip · …/submissions.csv
    ?attachments=false &groupPaths=false &splitSelectMultiples=true &deletedFields=false &$filter=…

The export is finished on disk before the first byte is sent: an error is a Problem, never a short file. Its ETag names
its bytes (RFC 9110), Repr-Digest is their checksum (RFC 9530). A client that comes back with the ETag it began with
gets the rest of that file, also when there is a newer one. POST is what Central's clients use to send passphrases;
there are no keys here to open, so sealed rows stay "not decrypted".
"""

from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote

from flask import Blueprint, Response, request, send_file
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from sync_server.exporters.csv_columns import Switches
from sync_server.exporters.file_names import safe_file_name
from sync_server.protocols.endpoint import central_endpoint, current_node, require_actor
from sync_server.protocols.shapes import Asked, Content
from sync_server.services.download_export import Unchanged, download_export, find_download
from sync_server.services.export_source import Wanted
from sync_server.services.kept_exports import KeptExport
from sync_server.store.accounts import Actor

blueprint = Blueprint("central_submissions", __name__)

# Longer than any consumer needs to come to the head after a day's submissions; the notes say when it was not enough.
PATIENCE_SECONDS = 20.0
_FORM = "/v1/projects/<int:project_id>/forms/<form_id>"
_BOOLEAN = ("true", "false")
_ATTACHMENTS = Asked("attachments", "string", "`false` leaves out the files.", _BOOLEAN)
_OPTIONS = (
    Asked("groupPaths", "string", "`false` writes column names without their groups.", _BOOLEAN),
    Asked("splitSelectMultiples", "string", "`true` adds a column for each choice.", _BOOLEAN),
    Asked("deletedFields", "string", "`false` leaves out what only older versions ask.", _BOOLEAN),
    Asked("$filter", "string", "Rows, as OData says it: __system/submissionDate ge 2026-11-01."),
)
_ZIP = Content(("application/zip",), "a table for the form and each repeat, their files, and notes on what is left out")
_CSV = Content(("text/csv",), "the form's table, without its repeats")
_PARTS = (206, 304, 412, 416, 501)


@blueprint.route(f"{_FORM}/submissions.csv.zip", methods=["GET", "POST"])
@central_endpoint(verb="submission.read", is_filtered=True, answers=_ZIP, asks=(_ATTACHMENTS, *_OPTIONS), also=_PARTS)
def get_csv_zip(project_id: int, form_id: str) -> Response:
    actor = require_actor()
    wanted = Wanted(project_id=project_id, form_id=form_id, switches=_switches(), filter=request.args.get("$filter"))
    name = f"{form_id}.zip" if wanted.switches.has_media else f"{form_id}.csv.zip"
    return _answer(actor, wanted, name, "application/zip")


@blueprint.route(f"{_FORM}/submissions.csv", methods=["GET", "POST"])
@central_endpoint(verb="submission.read", is_filtered=True, answers=_CSV, asks=_OPTIONS, also=_PARTS)
def get_csv(project_id: int, form_id: str) -> Response:
    actor = require_actor()
    wanted = Wanted(
        project_id=project_id,
        form_id=form_id,
        switches=_switches(),
        filter=request.args.get("$filter"),
        is_root_only=True,
    )
    return _answer(actor, wanted, f"{form_id}.csv", "text/csv")


def _switches() -> Switches:
    return Switches(
        has_media=not _is("attachments", "false"),
        has_group_paths=not _is("groupPaths", "false"),
        is_split=_is("splitSelectMultiples", "true"),
        has_deleted_fields=not _is("deletedFields", "false"),
    )


def _is(option: str, value: str) -> bool:
    return request.args.get(option, "").lower() == value


def _answer(actor: Actor, wanted: Wanted, name: str, content_type: str) -> Response:
    found = _begun(actor, wanted) or download_export(
        current_node(), actor, wanted, is_known=request.if_none_match.contains, patience=PATIENCE_SECONDS
    )
    headers = {"ETag": f'"{found.tag}"'}
    if isinstance(found, Unchanged):
        return Response(status=304, headers=headers)
    if request.if_match and found.tag not in request.if_match:
        return Response(status=412, headers=headers)
    return _send(found, name, content_type)


def _begun(actor: Actor, wanted: Wanted) -> KeptExport | None:
    """Find the file of which the client has a part already, under the ETag it was given then."""
    for tag in _begun_tags():
        found = find_download(current_node(), actor, wanted, tag)
        if found is not None:
            return found
    return None


def _begun_tags() -> Iterator[str]:
    if request.range is not None and request.if_range.etag is not None:
        yield request.if_range.etag
    if not request.if_match.star_tag:
        yield from request.if_match.as_set()


def _send(kept: KeptExport, name: str, content_type: str) -> Response:
    path = kept.path.absolute()  # Flask would look for `data/…` beside the program, not where the server was started
    response = send_file(path, mimetype=content_type, conditional=False, etag=kept.tag)
    # The file may be older than what it shows, or newer; with its time a client could miss a change.
    del response.headers["Last-Modified"]
    length = response.content_length
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=length)
    except RequestedRangeNotSatisfiable:  # a client that has the whole file already asks so, and must not begin anew
        response.close()
        return Response(status=416, headers={"Content-Range": f"bytes */{length}", "ETag": response.headers["ETag"]})
    response.headers["Repr-Digest"] = f"sha-256=:{b64encode(bytes.fromhex(kept.sha256)).decode()}:"
    response.headers["Content-Disposition"] = _disposition(name)
    response.headers["Cache-Control"] = "private, no-cache"
    if kept.left_out:
        response.headers["X-Left-Out"] = " ".join(kept.left_out).encode("ascii", "backslashreplace").decode()
    return response


def _disposition(name: str) -> str:
    safe = safe_file_name(name)
    plain = safe.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"
