"""The tablet's door at ODK Central's addresses (OpenRosa Form Discovery and Form Submission APIs).

    /v1/key/{token}/projects/{id}/formList        what the QR code of a tablet says
    /v1/projects/{id}/formList                    with a session, a password, or ?st={token} (Enketo)

and beside formList: submission, forms/…, xformsManifest/…, xformsMedia/…; and XML, manifest and media under Central's
own names, for those who know them by heart.
"""

from flask import Blueprint, Response, request

from sync_server.protocols import openrosa_documents as documents
from sync_server.protocols import openrosa_shapes as shapes
from sync_server.protocols import openrosa_submission as submission
from sync_server.protocols.authentication import current_node
from sync_server.protocols.openrosa_routes import Routes
from sync_server.store import form_list

blueprint = Blueprint("openrosa", __name__)

BASES = ("/v1/key/<token>/projects/<int:project_id>", "/v1/projects/<int:project_id>")
routes = Routes(blueprint, BASES)
# With a session the same address is Central's REST, whose errors are JSON.
token_routes = Routes(blueprint, BASES[:1])
NO_VERSION = "___"  # Central's way to write the empty version in an address


@routes.add("/formList", verb="open_form.list", is_somewhere=True, is_filtered=True, **shapes.FORM_LIST)
def get_form_list(project_id: int, token: str | None = None) -> Response:
    """List the forms that the tablet may have."""
    return documents.answer_form_list(project_id, _base(project_id, token))


@routes.add("/forms/<int:version_id>/form.xml", verb="open_form.read", **shapes.FORM_XML)
def get_form_xml(project_id: int, version_id: int, token: str | None = None) -> Response:
    """Read a form's XML, by the number of its version."""
    return documents.answer_form_xml(project_id, version_id)


@routes.add("/forms/<form_id>.xml", "/forms/<form_id>/versions/<version>.xml", verb="open_form.read", **shapes.FORM_XML)
def get_named_form_xml(project_id: int, form_id: str, version: str | None = None, token: str | None = None) -> Response:
    """Read a form's XML, by its id."""
    return documents.answer_xml(_named_form(project_id, form_id, version))


@routes.add(
    "/forms/<form_id>/manifest",
    "/forms/<form_id>/versions/<version>/manifest",
    verb="open_form.read",
    **shapes.MANIFEST,
)
def get_named_manifest(project_id: int, form_id: str, version: str | None = None, token: str | None = None) -> Response:
    """List a form's files, by its id."""
    form = _named_form(project_id, form_id, version)
    return documents.answer_manifest(project_id, form.version_id, _base(project_id, token))


@token_routes.add(
    "/forms/<form_id>/attachments/<name>", "/forms/<form_id>/versions/<version>/attachments/<name>",
    verb="open_form.read", **shapes.MEDIA,
)  # fmt: skip
def get_named_media(project_id: int, form_id: str, name: str, version: str | None = None, token: str = "") -> Response:
    """Read one of a form's files, by its id."""
    form = _named_form(project_id, form_id, version)
    return documents.answer_media(project_id, form.version_id, name)


@routes.add("/xformsManifest/<int:version_id>", verb="open_form.read", **shapes.MANIFEST)
def get_manifest(project_id: int, version_id: int, token: str | None = None) -> Response:
    """List a form's files, by the number of its version."""
    return documents.answer_manifest(project_id, version_id, _base(project_id, token))


@routes.add("/xformsMedia/<int:version_id>/<name>", verb="open_form.read", **shapes.MEDIA)
def get_media(project_id: int, version_id: int, name: str, token: str | None = None) -> Response:
    """Read one of a form's files, by the number of its version."""
    return documents.answer_media(project_id, version_id, name)


@routes.add("/xformsMedia/<int:version_id>/<name>/integrity", verb="open_form.read", **shapes.INTEGRITY)
def get_integrity(project_id: int, version_id: int, name: str, token: str | None = None) -> Response:
    """Ask which of the entities that a tablet made offline were deleted."""
    return documents.answer_integrity(project_id, version_id, name)


# GET is named beside HEAD, so that Flask's automatic HEAD, which would be 200, has no say.
@routes.add("/submission", methods=("HEAD", "GET"), verb="submission.create", is_held=True, **shapes.BEFORE_SUBMISSION)
def head_submission(project_id: int, token: str | None = None) -> Response:
    """Ask before sending, as Collect does: 204 says yes, and how large a part may be."""
    return submission.answer_head(project_id)


@routes.add("/submission", methods=("POST",), verb="submission.create", is_held=True, **shapes.SUBMISSION)
def post_submission(project_id: int, token: str | None = None) -> Response:
    """Send a submission, whole or in parts; sending it again does no harm."""
    return submission.answer_post(project_id, door="openrosa")


def _named_form(project_id: int, form_id: str, version: str | None) -> form_list.FormXml:
    documents.allow_tablet(project_id, form_id=form_id)
    wanted = "" if version == NO_VERSION else version
    with current_node().database.read() as session:
        return form_list.get_form_xml_by_name(session, project_id, form_id, wanted)


def _base(project_id: int, token: str | None) -> str:
    """The prefix of every address in an answer; a token in ?st= moves into the path, which clients carry along."""
    token = token or request.args.get("st")
    return f"/v1/key/{token}/projects/{project_id}" if token else f"/v1/projects/{project_id}"
