"""The words of the interface's description: what routes are about, how one signs in, what addresses name."""

from collections.abc import Callable
from typing import Any

from sync_server.protocols.authorisation import Route

TAGS = {
    "Tablets": "OpenRosa, at ODK Central's addresses: what Collect and Enketo speak.",
    "Tablets, KoBo's addresses": "The same at KoBo's addresses, and the plain ones of a hub with one project.",
    "Sessions": "Signing in and out.",
    "Users": "People's accounts, and what they set for themselves.",
    "App users": "Tablets: each has a token, shown as a QR code.",
    "Public links": "Addresses by which strangers send one form.",
    "Projects": "Projects, and their encryption.",
    "Roles and assignments": "Who may do what, on the site, in a project, on a form.",
    "Forms": "Forms, their versions and files.",
    "Entity lists": "Lists that tablets share, what is in them, and what became of it; Central calls them datasets.",
    "Submissions": "What tablets sent: lists, reviews, downloads, clocks, erasure.",
    "Entities": "Lists that tablets share, and what is in them (docs/entities.md).",
    "Nodes": "Other nodes of this program, which exchange what they received (docs/replication.md).",
    "The site": "Settings, the audit log, the interface itself.",
    "Pages": "What people look at with a browser. Programs use the routes above.",
}

SECURITY: dict[str, dict[str, str]] = {
    "bearer": {
        "type": "http", "scheme": "bearer",
        "description": "The token of a session (POST /v1/sessions), or of an app user.",
    },
    "basic": {
        "type": "http", "scheme": "basic",
        "description": "E-mail and password; over https, or on the machine itself.",
    },
    "digest": {
        "type": "http", "scheme": "digest",
        "description": "E-mail and password as Collect sends them over http; for accounts that turned it on.",
    },
    "cookie": {
        "type": "apiKey", "in": "cookie", "name": "session",
        "description": "A browser's session (over https it is called __Host-session). To change anything, send the "
        "session's csrf word too: as the header X-CSRF-Token, or as __csrf in a form.",
    },
    "st": {
        "type": "apiKey", "in": "query", "name": "st",
        "description": "The token of an app user, as Enketo sends it.",
    },
    "node": {
        "type": "apiKey", "in": "header", "name": "Authorization",
        "description": "The signature of a paired node: docs/replication.md, Speaking.",
    },
}  # fmt: skip

_ARGUMENTS = {
    "project_id": "The project's number.",
    "form_id": "The form's id, as its XLSForm has it.",
    "version": "The version's name; ___ for the empty one.",
    "version_id": "The number of a published version, as lists of forms name it.",
    "name": "The file's name.",
    "list_name": "The entity list's name.",
    "entity_id": "The entity's id, a UUID.",
    "token": "An app user's or a public link's token.",
    "session_token": "The token of a session, an app user or a public link.",
    "username": "The account's e-mail, or what stands before its @.",
    "user_id": "The account's number.",
    "device_id": "The app user's number.",
    "link_id": "The public link's number.",
    "actor_id": "The number of an account, an app user or a public link.",
    "role_id": "The role's number or its system name, such as app-user.",
    "list_number": "The number of a deleted list.",
    "day": "A day, such as 2026-11-23.",
    "erasure_id": "The receipt's id, or its beginning.",
    "config_key": "Which of the settings: analytics, login-appearance, logo, hero-image.",
    "instance_id": "The submission's instanceID, with uuid: before it.",
}

_METHODS = {"get": "Read", "post": "Make", "put": "Set", "patch": "Change"}

# By the name of the endpoint's module, then of the view: the first that fits.
_TAG_OF = (
    ("openrosa.", "Tablets"), ("kobo.", "Tablets, KoBo's addresses"), ("office.", "Pages"),
    ("central_datasets.", "Entity lists"), ("central_entities.", "Entity lists"),
    ("central_entity_history.", "Entity lists"), ("pairing.", "Nodes"),
    ("replication.", "Nodes"), ("node_completeness.", "Nodes"),
    ("app_user", "App users"), ("propert", "App users"), ("public_link", "Public links"),
    ("assignment", "Roles and assignments"), ("holder", "Roles and assignments"),
    ("role", "Roles and assignments"), ("session", "Sessions"), ("preference", "Users"), ("user", "Users"),
    ("audit", "The site"), ("erasure", "Submissions"), ("erase", "Submissions"), ("completeness", "Submissions"),
    ("clock", "Submissions"), ("entit", "Entities"),
    ("review", "Submissions"), ("submission", "Submissions"),
    ("entit", "Entity lists"), ("central_forms", "Forms"), ("form", "Forms"), ("project", "Projects"),
)  # fmt: skip


def tag_of(route: Route) -> str:
    module, _, view = route.endpoint.rpartition(".")
    by_view = (tag for part, tag in _TAG_OF if part in f"{view}." or part == f"{module}.")
    by_module = (tag for part, tag in _TAG_OF if part in module)
    return next(by_view, None) or next(by_module, "The site")


def summarise(view: Callable[..., Any]) -> str:
    """The first line of the view's docstring; without one, its name in words."""
    told = (view.__doc__ or "").strip().partition("\n")[0]
    method, _, noun = view.__name__.partition("_")
    return told or f"{_METHODS.get(method, method.capitalize())} {noun.replace('_', ' ')}."


def describe_need(route: Route) -> str:
    """Say in words who may call it; who that is by role, docs/authorisation.md tells."""
    need = route.need
    if need is None:
        return "Nobody may."
    if need.anyone:
        return f"Anyone may: {need.anyone}."
    if need.signed_in:
        return f"Whoever is signed in may: {need.signed_in}."
    told = [f"Needs the verb {need.verb}."]
    if need.own:
        told.append("Of oneself everybody may.")
    if need.is_somewhere:
        told.append("On one thing in the project is enough; only that is shown.")
    if need.is_filtered:
        told.append("What is out of one's scope is left out.")
    if need.is_held:
        told.append("Nobody who is known is refused: without the verb, what is sent waits for a person.")
    return " ".join(told)


def name_argument(name: str) -> str:
    return _ARGUMENTS.get(name, name.replace("_", " ").capitalize() + ".")
