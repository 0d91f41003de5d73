"""What the page of the interface gives as an example can be sent as it stands."""

from typing import Any

import pytest
from flask import Flask

from sync_server.node import Node
from sync_server.protocols.authorisation import PERSONAS, Route, iter_routes
from sync_server.protocols.openapi import describe_interface, write_path
from sync_server.web.office.interface_examples import make_example
from tests.protocols import test_authorisation as matrix
from tests.protocols.conftest import Publish

Json = dict[str, Any]
_ENTITIES = "/v1/projects/<int:project_id>/datasets/<list_name>/entities"

# Examples that cannot hold anywhere: nobody's password is "…", no project has just these forms, a greeting is signed by
# a node, and a change of an entity names its version in the address; no list has just these entities or this file.
NOT_AS_THEY_STAND = {
    "POST /v1/sessions", "POST /v1/users/reset/verify", "PUT /v1/users/<int:user_id>/password",
    "PUT /v1/projects/<int:project_id>", "POST /v1/projects/<int:project_id>/key",
    "POST /replication/v1/greet", "POST /replication/pair", f"PATCH {_ENTITIES}/<entity_id>",
    f"POST {_ENTITIES}/bulk-delete", f"POST {_ENTITIES}/bulk-restore",
    "PATCH /v1/projects/<int:project_id>/forms/<form_id>/attachments/<path:name>",
}  # fmt: skip


def test_every_example_works(app: Flask, hub: Node, publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    version_id = publish("visit", **{"list.csv": b"name,label"})
    alice = matrix.admit(hub, next(persona for persona in PERSONAS if persona.name == "administrator"))
    described, wrong = describe_interface(app), []
    monkeypatch.setattr(matrix, "_body", lambda route: {"json": _example(described, route)})
    shown = [route for route in iter_routes(app) if _schema(described, route)]
    routes = [route for route in shown if _name(route) not in NOT_AS_THEY_STAND]
    for route in sorted(routes, key=lambda route: "actor-properties" not in route.path):  # named before they are set
        answer = matrix.call(app, hub, route, alice, version_id)
        if answer.status_code >= 300:
            wrong.append(f"{_name(route)} {_example(described, route)}: {answer.status_code} {answer.text}")
    assert len(routes) > 15
    assert wrong == []


def _name(route: Route) -> str:
    return f"{route.method} {route.path}"


def _schema(described: Json, route: Route) -> Json:
    operation = described["paths"][write_path(route.path)][route.method.lower()]
    found: Json = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return found


def _example(described: Json, route: Route) -> Any:
    return make_example(described, _schema(described, route))
