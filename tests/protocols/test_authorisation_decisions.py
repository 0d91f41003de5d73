"""What was decided about who may do what, written down a second time: the table cannot drift from it unnoticed."""

import pytest
from flask import Flask

from sync_server.protocols.authorisation import ALLOWED, FILTERED, HELD, PERSONAS, REFUSED, decide, iter_routes

# The people of the matrix; whoever takes one out has to do it here, too.
PEOPLE = {
    "anonymous", "app user", "revoked app user", "public link", "peer", "no role", "data collector",
    "viewer of a district", "M&E reader of a district", "coordinator", "protection focal point", "manager",
    "administrator",
}  # fmt: skip
# Every door that is open to strangers. A new one is a decision, and belongs into docs/authorisation.md.
OPEN = {
    "GET /", "GET /all-received/<token>", "POST /replication/pair", "GET /docs",
    "GET /openapi.json", "GET /reset", "POST /reset", "GET /sign-in", "POST /sign-in",
    "POST /sign-in/code", "POST /sign-in/enrol", "GET /v1/config/public", "GET /v1/config/public/<config_key>",
    "GET /v1/projects", "GET /v1/roles", "GET /v1/roles/<role_id>", "POST /v1/sessions", "GET /v1/sessions/restore",
    "POST /v1/users/reset/initiate", "POST /v1/users/reset/verify",
}  # fmt: skip

# What a paired node calls, by its signature.
PEERS = {
    f"POST /replication/v1/{name}"
    for name in (
        "greet", "changes", "names", "items", "lacking", "take", "take-in-turn", "awaited", "give", "fetch", "digest",
        "ranges", "versions",
    )
}  # fmt: skip

_FORM = "/v1/projects/<int:project_id>/forms/<form_id>"
_LIST = "/v1/projects/<int:project_id>/datasets/<list_name>"
_TOKEN = "/v1/key/<token>/projects/<int:project_id>"
_LISTS = "/v1/projects/<int:project_id>/datasets"
DECIDED = [
    # G1: nobody who is known is refused when sending
    (f"POST {_TOKEN}/submission", "app user", ALLOWED),
    (f"POST {_TOKEN}/submission", "revoked app user", HELD),
    ("POST /v1/projects/<int:project_id>/submission", "no role", HELD),
    ("POST /v1/projects/<int:project_id>/submission", "anonymous", REFUSED),
    # a tablet and a link fetch what is theirs, and read nothing that was sent
    (f"GET {_TOKEN}/formList", "app user", FILTERED),
    (f"GET {_TOKEN}/formList", "revoked app user", REFUSED),
    (f"GET {_FORM}/submissions.csv.zip", "app user", REFUSED),
    (f"GET {_FORM}/submissions.csv.zip", "public link", REFUSED),
    # who reads answers
    (f"GET {_FORM}/submissions.csv.zip", "no role", REFUSED),
    (f"GET {_FORM}/submissions.csv.zip", "data collector", REFUSED),
    (f"GET {_FORM}/submissions.csv.zip", "administrator", FILTERED),
    # who settles, and who manages
    ("POST /v1/projects/<int:project_id>/forms", "coordinator", REFUSED),
    ("POST /v1/projects/<int:project_id>/forms", "manager", ALLOWED),
    (f"POST {_LIST}/entities.csv", "coordinator", REFUSED),
    (f"POST {_LIST}/entities.csv", "manager", ALLOWED),
    (f"POST {_LIST}/entities.csv", "app user", REFUSED),
    ("POST /v1/projects", "manager", REFUSED),
    ("POST /v1/users", "manager", REFUSED),
    ("POST /v1/users", "administrator", ALLOWED),
    ("POST /v1/assignments/<role_id>/<int:actor_id>", "manager", REFUSED),
    # lists: whoever may see them may not change them; a tablet gets them with its forms alone
    (f"GET {_LISTS}/<list_name>/entities", "app user", REFUSED),
    (f"GET {_LISTS}/<list_name>/entities", "data collector", REFUSED),
    (f"GET {_LISTS}/<list_name>/entities/<entity_id>/versions", "public link", REFUSED),
    (f"POST {_LISTS}/<list_name>/entities", "viewer of a district", REFUSED),
    (f"POST {_LISTS}/<list_name>/entities", "manager", ALLOWED),
    (f"DELETE {_LISTS}/<list_name>", "coordinator", REFUSED),
    (f"DELETE {_LISTS}/<list_name>", "manager", ALLOWED),
    (f"GET {_LISTS}/<list_name>/entities.csv", "app user", REFUSED),
    (f"GET {_LISTS}/<list_name>.svc/Entities", "public link", REFUSED),
    (f"GET {_LISTS}/<list_name>.svc/Entities", "data collector", REFUSED),
    (f"GET {_LISTS}/<list_name>.svc/Entities", "administrator", ALLOWED),
    # tablets and links know nobody
    ("GET /v1/users", "app user", REFUSED),
    ("GET /v1/users", "public link", REFUSED),
    ("GET /v1/projects/<int:project_id>/app-users", "app user", REFUSED),
]


def test_everybody_is_in_the_matrix() -> None:
    assert {persona.name for persona in PERSONAS} == PEOPLE


def test_no_door_is_open_to_strangers_but_these(app: Flask) -> None:
    stranger = next(persona for persona in PERSONAS if persona.kind == "stranger")
    found = {f"{route.method} {route.path}" for route in iter_routes(app) if decide(route, stranger) != REFUSED}
    assert found == OPEN


def test_a_hub_has_its_own_routes_and_is_refused_wherever_else_a_stranger_is(app: Flask) -> None:
    peer = next(persona for persona in PERSONAS if persona.kind == "peer")
    assert {f"{each.method} {each.path}" for each in iter_routes(app) if decide(each, peer) != REFUSED} == OPEN | PEERS


def test_nobody_else_has_a_hubs_routes(app: Flask) -> None:
    own = [route for route in iter_routes(app) if f"{route.method} {route.path}" in PEERS]
    others = [persona for persona in PERSONAS if persona.kind != "peer"]
    assert {decide(route, persona) for route in own for persona in others} == {REFUSED}


@pytest.mark.parametrize(("address", "name", "said"), DECIDED)
def test_the_table_says_what_was_decided(app: Flask, address: str, name: str, said: str) -> None:
    persona = next(persona for persona in PERSONAS if persona.name == name)
    route = next(route for route in iter_routes(app) if f"{route.method} {route.path}" == address)
    assert decide(route, persona) == said
