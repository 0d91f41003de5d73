"""The tablet's door at KoBo's addresses, and the plain ones of a hub with one project.

    /formList               Digest or Basic, or ?st={token}; a hub with one project
    /{username}/formList    the same, for the account of that name only
    /collector/{token}/…    a token, as KoBo's data collectors have

and beside each: submission, xformsManifest/{n}, xformsMedia/{n}/{name}, forms/{n}/form.xml. KoBo shows strangers the
public forms of an account; here a stranger is asked to sign in: an empty list would delete a tablet's forms.
"""

from typing import Any

from flask import Blueprint, Response, request
from werkzeug.routing import BaseConverter

from sync_server.errors import InsufficientRights, SeveralProjects
from sync_server.protocols import openrosa_documents as documents
from sync_server.protocols import openrosa_shapes as shapes
from sync_server.protocols import openrosa_submission as submission
from sync_server.protocols.authentication import current_node, require_actor
from sync_server.protocols.openrosa_routes import Routes
from sync_server.store import nodes
from sync_server.store.accounts import Actor

blueprint = Blueprint("kobo", __name__)

BASES = ("", "/collector/<token>", "/<kobo_username:username>")
RESERVED = ("v1", "collector", "static", "forms", "xformsManifest", "xformsMedia")


routes = Routes(blueprint, BASES)


class UsernameConverter(BaseConverter):
    """The first part of a path that nothing else is called by."""

    regex = rf"(?!(?:{'|'.join(RESERVED)})(?:/|$))[^/]+"


@blueprint.record_once
def _add_converter(state: Any) -> None:
    state.app.url_map.converters["kobo_username"] = UsernameConverter


@routes.add("/formList", verb="open_form.list", is_somewhere=True, is_filtered=True, **shapes.FORM_LIST)
def get_form_list(**prefix: str) -> Response:
    """List the forms that the tablet may have."""
    return documents.answer_form_list(_project_id(prefix), _base(prefix))


@routes.add("/forms/<int:version_id>/form.xml", verb="open_form.read", **shapes.FORM_XML)
def get_form_xml(version_id: int, **prefix: str) -> Response:
    """Read a form's XML, by the number of its version."""
    return documents.answer_form_xml(_project_id(prefix), version_id)


@routes.add("/xformsManifest/<int:version_id>", verb="open_form.read", **shapes.MANIFEST)
def get_manifest(version_id: int, **prefix: str) -> Response:
    """List a form's files, by the number of its version."""
    return documents.answer_manifest(_project_id(prefix), version_id, _base(prefix))


@routes.add("/xformsMedia/<int:version_id>/<name>", verb="open_form.read", **shapes.MEDIA)
def get_media(version_id: int, name: str, **prefix: str) -> Response:
    """Read one of a form's files, by the number of its version."""
    return documents.answer_media(_project_id(prefix), version_id, name)


@routes.add("/xformsMedia/<int:version_id>/<name>/integrity", verb="open_form.read", **shapes.INTEGRITY)
def get_integrity(version_id: int, name: str, **prefix: str) -> Response:
    """Ask which of the entities that a tablet made offline were deleted."""
    return documents.answer_integrity(_project_id(prefix), version_id, name)


@routes.add("/submission", methods=("HEAD", "GET"), verb="submission.create", is_held=True, **shapes.BEFORE_SUBMISSION)
def head_submission(**prefix: str) -> Response:
    """Ask before sending, as Collect does: 204 says yes, and how large a part may be."""
    return submission.answer_head(_project_id(prefix))


@routes.add("/submission", methods=("POST",), verb="submission.create", is_held=True, **shapes.SUBMISSION)
def post_submission(**prefix: str) -> Response:
    """Send a submission, whole or in parts; sending it again does no harm."""
    return submission.answer_post(_project_id(prefix), door="kobo")


def _project_id(prefix: dict[str, str]) -> int:
    """Find the project: a token's own, else the only one there is."""
    actor = require_actor()
    if "username" in prefix and prefix["username"].lower() not in _names(actor):
        raise InsufficientRights
    if actor.project_id is not None:
        return actor.project_id
    with current_node().database.read() as session:
        projects = nodes.iter_projects(session)
    if len(projects) != 1:
        raise SeveralProjects
    return projects[0][0]


def _names(actor: Actor) -> set[str]:
    """How an account may be called in an address: by its e-mail, or by what stands before the @."""
    return {actor.email, actor.email.partition("@")[0]} if actor.email else set()


def _base(prefix: dict[str, str]) -> str:
    token = prefix.get("token") or request.args.get("st")
    if token:
        return f"/collector/{token}"
    return f"/{prefix['username']}" if "username" in prefix else ""
