"""A test client that holds every answer against the description of the interface (OpenAPI)."""

import functools
import json
from typing import Any

import jsonschema_rs
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from sync_server.protocols.authorisation import UNDECLARED_ON_PURPOSE
from sync_server.protocols.openapi import describe_interface, write_path

Json = dict[str, Any]


class DescribedClient(FlaskClient):
    """Flask's test client, that fails a test for an answer which the description does not have."""

    def open(self, *args: Any, **options: Any) -> TestResponse:
        answer = super().open(*args, **options)
        found = _find_operation(self.application, answer)
        if found is not None:
            wrong = _compare(_described(self.application), found, answer)
            assert not wrong, f"{answer.request.method} {answer.request.path} {answer.status_code}: {wrong}"
        return answer


def _find_operation(app: Flask, answer: TestResponse) -> Json | None:
    """Find what the description says of a request, None where no route took it (a wrong method, a mistyped address)."""
    environ, method = answer.request.environ, answer.request.method
    try:
        rule, _ = app.url_map.bind_to_environ(environ).match(return_rule=True)
    except HTTPException:
        return None
    if rule.endpoint in UNDECLARED_ON_PURPOSE or method == "OPTIONS":
        return None
    described: Json = _described(app)["paths"][write_path(rule.rule)]
    return described.get(method.lower()) or described["get"]


def _described(app: Flask) -> Json:
    return _describe(tuple(sorted((rule.rule, rule.endpoint) for rule in app.url_map.iter_rules())), _Kept(app))


class _Kept:
    """An application that makes no difference to what is remembered: routes alone do."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Kept)

    def __hash__(self) -> int:
        return 0


@functools.lru_cache(maxsize=2)
def _describe(routes: tuple[tuple[str, str], ...], kept: _Kept) -> Json:
    return describe_interface(kept.app)


def _compare(whole: Json, operation: Json, answer: TestResponse) -> str:
    """Say what of an answer is not in the description; nothing when all is."""
    described = operation["responses"].get(str(answer.status_code))
    if described is None:
        return f"no such status, of {sorted(operation['responses'])}"
    if "$ref" in described:
        described = whole["components"]["responses"][described["$ref"].rpartition("/")[2]]
    contents: Json = described.get("content", {})
    if answer.request.method == "HEAD" or not contents:
        return ""
    content = contents.get(answer.mimetype) or contents.get("*/*")
    if content is None:
        return f"{answer.mimetype}, where {sorted(contents)} is described"
    return _compare_body(whole, content["schema"], answer)


def _compare_body(whole: Json, schema: Json, answer: TestResponse) -> str:
    if answer.mimetype == "application/json":
        validator = _validator(json.dumps(schema), json.dumps(whole["components"]["schemas"]))
        return "; ".join(f"{error.instance_path} {error.message}" for error in validator.iter_errors(answer.get_json()))
    if "x-root" in schema:
        root = etree.QName(etree.fromstring(answer.get_data()).tag).localname
        return "" if root == schema["x-root"] else f"the XML is a {root}, not a {schema['x-root']}"
    return ""


@functools.lru_cache(maxsize=100)
def _validator(schema: str, schemas: str) -> Any:
    return jsonschema_rs.validator_for({**json.loads(schema), "components": {"schemas": json.loads(schemas)}})
