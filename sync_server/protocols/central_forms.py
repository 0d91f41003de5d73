"""Publish and read forms as ODK Central's REST does.

GET, POST /v1/projects/{id}/forms · GET, PATCH …/forms/{formId} · GET …/forms/{formId}.xlsx · /fields · /attachments
GET, POST, PATCH …/attachments/{name} · GET …/versions, and of each version the same. The tablets' door serves the XML.
A new version comes by POST …/forms too, and media go to published forms: docs/decisions/0003-forms-without-drafts.md.
"""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any
from urllib.parse import quote, unquote

from flask import Blueprint, Response, request, send_file
from marshmallow import ValidationError
from sqlalchemy.orm import Session

from sync_server.core.xform import FormDefinition
from sync_server.errors import MissingParameter, NoDrafts, NotFound, UnexpectedValue
from sync_server.protocols.central_sessions import read_json
from sync_server.protocols.endpoint import central_endpoint, current_node, current_scope, require_actor
from sync_server.protocols.openrosa_documents import send_media
from sync_server.protocols.schemas import (
    ExpectedFile,
    FieldSchema,
    FormAttachmentSchema,
    FormPatchSchema,
    FormSchema,
    ShownVersion,
    write_fields,
)
from sync_server.protocols.schemas_datasets import AttachmentPatchSchema
from sync_server.protocols.shapes import NOTES, Asked, Content
from sync_server.services.form_definitions import get_definition
from sync_server.services.form_lists import find_linked_files, link_list
from sync_server.services.form_media import guess_type, put_media
from sync_server.services.form_state import set_form_state
from sync_server.services.managed_encryption import find_key_id
from sync_server.services.publish_form import publish_form
from sync_server.store import forms, nodes
from sync_server.store.forms import Form, FormVersion

blueprint = Blueprint("central_forms", __name__, url_prefix="/v1/projects/<int:project_id>/forms")

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BOOLEAN = ("true", "false")
_PUBLISH = Asked("publish", "string", "Must be true: this server keeps no drafts.", ("true",))
_IGNORE_WARNINGS = Asked("ignoreWarnings", "string", "`true` publishes in spite of warnings.", _BOOLEAN)
_ODATA = Asked("odata", "string", "`true` gives the names that OData has.", _BOOLEAN)
_FALLBACK = Asked(
    "X-XlsForm-FormId-Fallback", "string", "The form's id if the workbook has none, percent-encoded.", place="header"
)
_SOURCE = Content((WORKBOOK, "application/vnd.ms-excel", "application/xml", "text/markdown"), "the form's source")
_FILE = Content(("*/*",), "the file")
_PARTS = (206, 304, 416)
NO_VERSION = "___"  # how Central writes the empty version in an address
_PIECE = 65_536


@blueprint.get("")
@central_endpoint(verb="form.list", is_somewhere=True, is_filtered=True, answers=[FormSchema])
def get_forms(project_id: int) -> Any:
    with current_node().database.read() as session:
        if nodes.find_project(session, project_id) is None:
            raise NotFound
        found = forms.iter_forms(session, project_id)
        shown = [show_version(session, form, form.current) for form in found]
    scope = current_scope()
    shown = [each for each in shown if scope.may("form.list", project_id, each.form.form_id)]
    return FormSchema(many=True).dump(shown)


@blueprint.post("")
@central_endpoint(
    verb="form.create", takes=_SOURCE, answers=FormSchema, asks=(_PUBLISH, _IGNORE_WARNINGS, _FALLBACK), also=(501,)
)
def post_form(project_id: int) -> Any:
    """Publish a form, or a new version of one, from .xlsx, .xls, Markdown or XML."""
    actor = require_actor()
    if not _is_true("publish"):
        raise NoDrafts
    version = publish_form(
        current_node(),
        actor,
        request.get_data(),
        project_id=project_id,
        fallback_form_id=_fallback_form_id(),
        ignore_warnings=_is_true("ignoreWarnings"),
    )
    return _write_version(project_id, version.form_id, version.version)


@blueprint.get("/<form_id>")
@blueprint.get("/<form_id>/versions/<version>")
@central_endpoint(verb="form.read", answers=FormSchema)
def get_form(project_id: int, form_id: str, version: str | None = None) -> Any:
    return _write_version(project_id, form_id, version)


@blueprint.patch("/<form_id>")
@central_endpoint(verb="form.update", takes=FormPatchSchema, answers=FormSchema, asks=(NOTES,))
def patch_form(project_id: int, form_id: str) -> Any:
    """Open, close or reopen a form; the header X-Action-Notes says why."""
    actor = require_actor()
    body = read_json('{"state": "closing"}')
    try:
        state = FormPatchSchema().load(body)["state"]
    except ValidationError as error:
        reason = "it must be open, closing or closed."
        raise UnexpectedValue(field="state", value=body.get("state"), reason=reason) from error
    notes = decoded_header("X-Action-Notes")
    set_form_state(current_node(), actor, form_id, state, project_id=project_id, reason=notes)
    return _write_version(project_id, form_id, None)


@blueprint.get("/<form_id>/versions")
@central_endpoint(verb="form.read", answers=[FormSchema])
def get_versions(project_id: int, form_id: str) -> Any:
    """List the published versions, newest first."""
    with current_node().database.read() as session:
        form = forms.get_form(session, project_id, form_id)
        versions = forms.iter_versions(session, project_id, form_id)
        return FormSchema(many=True).dump([show_version(session, form, version) for version in versions])


@blueprint.get("/<form_id>.xlsx")
@blueprint.get("/<form_id>/versions/<version>.xlsx")
@central_endpoint(verb="form.read", answers=Content((WORKBOOK,), "the workbook"))
def get_workbook(project_id: int, form_id: str, version: str | None = None) -> Response:
    """Answer the workbook a version was made from; 404 when it was made from something else."""
    with current_node().database.read() as session:
        found = _find_version(session, project_id, form_id, version).version
        source = forms.get_source(session, found.row_id)
    if source is None or not source.startswith(b"PK"):
        raise NotFound
    return send_file(BytesIO(source), mimetype=WORKBOOK, as_attachment=True, download_name=f"{form_id}.xlsx")


@blueprint.get("/<form_id>/fields")
@blueprint.get("/<form_id>/versions/<version>/fields")
@central_endpoint(verb="form.read", answers=[FieldSchema], asks=(_ODATA,))
def get_fields(project_id: int, form_id: str, version: str | None = None) -> Any:
    _, definition = _defined(project_id, form_id, version)
    return write_fields(definition.fields, odata=_is_true("odata"))


@blueprint.get("/<form_id>/attachments")
@blueprint.get("/<form_id>/versions/<version>/attachments")
@central_endpoint(verb="form.read", answers=[FormAttachmentSchema])
def get_attachments(project_id: int, form_id: str, version: str | None = None) -> Any:
    """List the files the form names, whether they are here or not."""
    found, definition = _defined(project_id, form_id, version)
    return FormAttachmentSchema(many=True).dump(_expect(definition.media, found))


@blueprint.get("/<form_id>/attachments/<path:name>")
@blueprint.get("/<form_id>/versions/<version>/attachments/<path:name>")
@central_endpoint(verb="form.read", answers=_FILE, also=_PARTS)
def get_attachment(project_id: int, form_id: str, name: str, version: str | None = None) -> Response:
    found, _ = _defined(project_id, form_id, version)
    response = send_media(project_id, found.row_id, name)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return response


@blueprint.post("/<form_id>/attachments/<path:name>")
@central_endpoint(verb="form.update", takes=_FILE, answers=FormAttachmentSchema)
def post_attachment(project_id: int, form_id: str, name: str) -> Any:
    """Set a file of the current version: tablets notice by its hash, without a new version of the form."""
    actor = require_actor()
    put_media(
        current_node(),
        actor,
        form_id,
        name,
        _body(),
        project_id=project_id,
        media_type=request.mimetype or None,
    )
    found, _ = _defined(project_id, form_id, None)
    return FormAttachmentSchema().dump(_expect([name], found)[0])


@blueprint.patch("/<form_id>/attachments/<path:name>")
@central_endpoint(verb="form.update", takes=AttachmentPatchSchema, answers=FormAttachmentSchema, asks=(NOTES,))
def patch_attachment(project_id: int, form_id: str, name: str) -> Any:
    """Let a form get the entity list of this name instead of a file, which is taken away from it."""
    actor, is_linked = require_actor(), read_json('{"dataset": true}').get("dataset")
    if not isinstance(is_linked, bool):
        raise MissingParameter(field="dataset")
    link_list(current_node(), actor, form_id, name, project_id=project_id, is_linked=is_linked)
    found, _ = _defined(project_id, form_id, None)
    return FormAttachmentSchema().dump(_expect([name], found)[0])


def _write_version(project_id: int, form_id: str, version: str | None) -> Any:
    with current_node().database.read() as session:
        return FormSchema().dump(_find_version(session, project_id, form_id, version))


def _find_version(session: Session, project_id: int, form_id: str, version: str | None) -> ShownVersion:
    """Find a version by its name, or the current one; raise NotFound."""
    form = forms.get_form(session, project_id, form_id)
    if version is None:
        return show_version(session, form, form.current)
    found = forms.find_version(session, project_id, form_id, "" if version == NO_VERSION else version)
    if found is None:
        raise NotFound
    return show_version(session, form, found)


def show_version(session: Session, form: Form, version: FormVersion) -> ShownVersion:
    return ShownVersion(form, version, find_key_id(session, version))


def _defined(project_id: int, form_id: str, version: str | None) -> tuple[FormVersion, FormDefinition]:
    with current_node().database.read() as session:
        found = _find_version(session, project_id, form_id, version).version
        return found, get_definition(session, found)


def _expect(names: Sequence[str], version: FormVersion) -> list[ExpectedFile]:
    with current_node().database.read() as session:
        present = {file.name: file for file in forms.iter_attachments(session, version.row_id)}
    linked = find_linked_files(current_node(), version.project_id, version.row_id)
    return [ExpectedFile(name, _kind(name), present.get(name), name in linked) for name in names]


def _kind(name: str) -> str:
    kind = guess_type(name).partition("/")[0]
    return kind if kind in ("image", "audio", "video") else "file"


def _fallback_form_id() -> str | None:
    """Read the id for a workbook that has none; clients send the file's name."""
    name = decoded_header("X-XlsForm-FormId-Fallback").strip()
    for ending in (".xlsx", ".xls", ".md"):
        name = name.removesuffix(ending)
    return name or None


def decoded_header(name: str) -> str:
    """Read a percent-encoded header; PostgreSQL keeps no NUL."""
    return unquote(request.headers.get(name, "")).replace("\0", "\ufffd")


def _is_true(name: str) -> bool:
    return request.args.get(name, "").lower() == "true"


def _body() -> Iterator[bytes]:
    while piece := request.stream.read(_PIECE):
        yield piece
