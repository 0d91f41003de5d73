"""The description of the interface has every route, each with what it takes and answers, and is sound OpenAPI 3.1."""

import json
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from sync_server.cli import main
from sync_server.protocols.authorisation import iter_routes
from sync_server.protocols.openapi import describe_interface, write_path

Json = dict[str, Any]


@pytest.fixture
def described(app: Flask) -> Json:
    return describe_interface(app)


def test_every_route_has_an_entry(app: Flask, described: Json) -> None:
    missing = [
        f"{route.method} {route.path}"
        for route in iter_routes(app)
        if route.method.lower() not in described["paths"].get(write_path(route.path), {})
    ]
    assert missing == []


def test_every_route_says_what_it_answers(described: Json) -> None:
    silent = [
        name for name, operation in _operations(described) if not any(map(_has_content, operation["responses"].items()))
    ]
    assert silent == []


def test_whatever_is_sent_json_says_what_it_takes(app: Flask, described: Json) -> None:
    """Some requests have no body; each of those is here by name, with the reason."""
    without = {name for name, operation in _operations(described) if "requestBody" not in operation}
    sent = {f"{route.method} {write_path(route.path)}" for route in iter_routes(app) if route.method not in _READS}
    assert sorted(name for name in without & sent if not name.endswith(_BODILESS)) == []


_READS = ("GET", "DELETE")
# Central's clients send passphrases, and there are no keys here; what is restored, the address says.
_BODILESS = ("/submissions.csv", "/submissions.csv.zip", "/restore")


def test_every_name_that_is_referred_to_is_there(described: Json) -> None:
    missing = [ref for ref in _references(described) if not _find(described, ref)]
    assert missing == []


def test_every_schema_is_json_schema(described: Json) -> None:
    for schema in described["components"]["schemas"].values():
        jsonschema_rs.meta.validate({**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"})


def test_operations_have_names_of_their_own(described: Json) -> None:
    names = [operation["operationId"] for _, operation in _operations(described)]
    assert len(names) == len(set(names))


def test_command_writes_what_the_server_answers(client: FlaskClient) -> None:
    written = CliRunner().invoke(main, ["openapi"])
    assert written.exit_code == 0
    assert json.loads(written.output) == client.get("/openapi.json").json


def _operations(described: Json) -> list[tuple[str, Json]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if method != "head"
    ]


def _has_content(answer: tuple[str, Json]) -> bool:
    status, told = answer
    return status == "204" or (status.startswith("2") and "content" in told)


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [ref for value in part.values() for ref in _references(value)]
    return [ref for value in part for ref in _references(value)] if isinstance(part, list) else []


def _find(described: Json, reference: str) -> Any:
    found: Any = described
    for name in reference.removeprefix("#/").split("/"):
        found = found.get(name) if isinstance(found, dict) else None
    return found
