"""Describe the whole interface as OpenAPI 3.1, from the routes themselves.

Addresses and methods come from the application, what a route needs from its Need, what it takes and answers from its
Shape, its words from its docstring. Nothing is written by hand beside the code, so nothing can differ from it; the
tests hold every answer they get against this description.
"""

import re
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from flask import Flask

from sync_server.protocols.authorisation import Route, iter_routes
from sync_server.protocols.json_schema import Components, Json
from sync_server.protocols.openapi_answers import write_answers, write_contents
from sync_server.protocols.openapi_words import SECURITY, TAGS, describe_need, name_argument, summarise, tag_of
from sync_server.protocols.schemas import ProblemSchema
from sync_server.protocols.shapes import FORM_FIELDS, Asked, Form, shape_of

_ARGUMENT = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
_LARGEST_NUMBER = 2**31 - 1
_WITH_BODY = ("POST", "PUT", "PATCH", "DELETE")


def describe_interface(app: Flask) -> Json:
    """Write the description of every route of an application; it has nothing of its node in it."""
    components, seen = Components(), Counter[str]()
    components.refer(ProblemSchema, is_answer=True)
    paths: dict[str, Json] = {}
    for route in iter_routes(app):
        for method in _methods(route):
            name = f"{route.endpoint}.{method.lower()}"
            seen[name] += 1
            written = _write_operation(route, method, app.view_functions[route.endpoint], components)
            unique = {"operationId": name if seen[name] == 1 else f"{name}.{seen[name]}"}
            paths.setdefault(write_path(route.path), {})[method.lower()] = {**unique, **written}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sync server",
            "version": version("sync-server"),
            "description": "OpenRosa for tablets, ODK Central's REST for programs, and pages for people.",
        },
        "servers": [{"url": "/", "description": "this server"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.schemas.items())),
            "responses": dict(sorted(components.responses.items())),
            "securitySchemes": SECURITY,
        },
    }


def write_path(rule: str) -> str:
    """Write a rule's address as OpenAPI does, with Central's way to spell names: {projectId}."""
    return _ARGUMENT.sub(lambda found: f"{{{_camel(found['name'])}}}", rule)


def _methods(route: Route) -> list[str]:
    """HEAD goes with GET, and is named where a protocol asks for it by name."""
    is_asked_first = route.method == "GET" and ".head_" in route.endpoint
    return ["HEAD", "GET"] if is_asked_first else [route.method]


def _write_operation(route: Route, method: str, view: Callable[..., Any], components: Components) -> Json:
    shape, takes = shape_of(view), _takes(route, shape_of(view).takes)
    arguments = [_write_argument(found["name"], found["kind"]) for found in _ARGUMENT.finditer(route.path)]
    written: Json = {
        "tags": [tag_of(route)],
        "summary": summarise(view),
        "description": describe_need(route),
        "security": _security(route),
        "parameters": [*arguments, *(_write_asked(asked) for asked in shape.asks)],
        "responses": write_answers(route, method, shape, components),
    }
    if takes is not None and method in _WITH_BODY:
        written["requestBody"] = {"required": True, "content": write_contents(takes, components, is_answer=False)}
    if route.need is not None and route.need.verb:
        written["x-verb"] = route.need.verb
    return written


def _takes(route: Route, declared: Form) -> Form:
    return FORM_FIELDS if declared is None and route.is_page else declared


def _security(route: Route) -> list[Json]:
    """The ways to say who one is; none where nobody asks, or where the address has the token in it."""
    if route.need is None or route.need.anyone or "token" in route.arguments:
        return []
    if route.is_for_peers:
        return [{"node": []}]
    if route.is_page:
        return [{"cookie": []}]
    ways: list[Json] = [{"bearer": []}, {"basic": []}, {"cookie": []}, {"st": []}]
    return [*ways, {"digest": []}] if route.is_openrosa else ways


def _write_argument(name: str, kind: str | None) -> Json:
    schema: Json = {"type": "string", "minLength": 1}
    if kind == "int":
        schema = {"type": "integer", "minimum": 0, "maximum": _LARGEST_NUMBER}
    described = {"description": name_argument(name), "schema": schema}
    return {"name": _camel(name), "in": "path", "required": True, **described}


def _write_asked(asked: Asked) -> Json:
    schema: Json = {"type": asked.type, **({"enum": list(asked.choices)} if asked.choices else {})}
    return {"name": asked.name, "in": asked.place, "description": asked.text, "schema": schema}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
