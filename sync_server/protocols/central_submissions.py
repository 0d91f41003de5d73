"""Download a form's submissions as ODK Central's REST gives them.

GET, POST /v1/projects/{id}/forms/{formId}/submissions.csv.zip[?attachments=false] · …/submissions.csv

The export is finished on disk before the first byte is sent: an error is a Problem, never a short file. POST is what
Central's clients use to send passphrases; there are no keys here to open, so sealed rows stay "not decrypted". Of
Central's other options, those that would change what is in the file are refused rather than ignored.
"""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

from flask import Blueprint, Response, request, send_file

from sync_server.errors import NotSupported
from sync_server.exporters.file_names import safe_file_name
from sync_server.protocols.endpoint import central_endpoint, current_node, require_actor
from sync_server.protocols.shapes import Asked, Content
from sync_server.services.export_data import Export, export_csv_zip, export_folder, export_root_csv, find_tag

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
@central_endpoint(verb="submission.read", is_whole=True, answers=_ZIP, asks=(_ATTACHMENTS, *_OPTIONS), also=_PARTS)
def get_csv_zip(project_id: int, form_id: str) -> Response:
    actor = require_actor()
    _refuse_unknown_options()
    has_media = not _is_false("attachments")

    def export(target: Path) -> Export:
        return export_csv_zip(
            current_node(),
            actor,
            project_id=project_id,
            form_id=form_id,
            target=target,
            has_media=has_media,
            patience=PATIENCE_SECONDS,
        )

    return _send(export, f"{form_id}.zip" if has_media else f"{form_id}.csv.zip", "application/zip")


@blueprint.route(f"{_FORM}/submissions.csv", methods=["GET", "POST"])
@central_endpoint(verb="submission.read", is_whole=True, answers=_CSV, asks=_OPTIONS, also=_PARTS)
def get_csv(project_id: int, form_id: str) -> Response:
    actor = require_actor()
    _refuse_unknown_options()

    def export(target: Path) -> Export:
        return export_root_csv(
            current_node(), actor, project_id=project_id, form_id=form_id, target=target, patience=PATIENCE_SECONDS
        )

    return _send(export, f"{form_id}.csv", "text/csv")


def _refuse_unknown_options() -> None:
    if "$filter" in request.args:
        raise NotSupported(feature="$filter")
    if request.args.get("splitSelectMultiples", "").lower() == "true":
        raise NotSupported(feature="splitSelectMultiples=true")
    if _is_false("groupPaths"):
        raise NotSupported(feature="groupPaths=false")


def _is_false(option: str) -> bool:
    return request.args.get(option, "").lower() == "false"


def _send(export: Callable[[Path], Export], name: str, content_type: str) -> Response:
    """Make the export and send it; the file is deleted when the last byte went out or the client is gone."""
    tag = find_tag(current_node())
    if request.if_none_match.contains(tag):
        return Response(status=304, headers={"ETag": f'"{tag}"'})
    with ExitStack() as kept:
        target = kept.enter_context(export_folder(current_node())) / "export"
        made = export(target)
        response = send_file(target, mimetype=content_type, conditional=False, etag=made.tag or False)
        kept.callback(response.response.close)  # type: ignore[union-attr]  # the file, before its folder goes
        # The file is new for every download, so its time says nothing; with it a client could miss a change.
        del response.headers["Last-Modified"]
        response.make_conditional(request, accept_ranges=True, complete_length=response.content_length)
        response.call_on_close(kept.pop_all().close)
    response.headers["Content-Disposition"] = _disposition(name)
    response.headers["Cache-Control"] = "private, no-cache"
    if made.left_out:
        response.headers["X-Left-Out"] = " ".join(made.left_out)
    return response


def _disposition(name: str) -> str:
    safe = safe_file_name(name)
    plain = safe.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"
