"""Browse the interface: /docs, one page made from the description at /openapi.json.

Made by the server and without a script, so that it opens on an old tablet without internet and the browser's own search
finds every word. In English: it is for those who write programs.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import render_template, request

from sync_server.protocols.authentication import current_node
from sync_server.protocols.interface import read_interface
from sync_server.protocols.needs import needs
from sync_server.services.tablet_address import root_url
from sync_server.web.office.blueprint import office
from sync_server.web.office.interface_examples import make_example, write_curl, write_type

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ShownPart:
    """One row of a table: a parameter, a header, a property."""

    name: str
    type: str
    text: str
    place: str = ""
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class ShownBody:
    """A body: its media types, the schema it follows (or what it is), and an example."""

    types: tuple[str, ...]
    schema: str
    text: str
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class ShownOperation:
    """One method at one address."""

    id: str
    method: str
    path: str
    summary: str
    text: str
    parameters: tuple[ShownPart, ...]
    body: ShownBody | None
    answer: tuple[str, ShownBody | None]
    refusals: tuple[str, ...]
    curl: str


@office.get("/docs")
@needs(anyone="how one asks is no secret; nothing of the node is in it")
def show_interface() -> str:
    described, server = read_interface(), root_url(current_node().settings, seen_at=request.host_url)
    shown = list(_iter_operations(described))
    groups = [(tag, [operation for of, operation in shown if of == tag["name"]]) for tag in described["tags"]]
    return render_template(
        "office/interface.html",
        server=server.rstrip("/"),
        version=described["info"]["version"],
        groups=[(tag, operations) for tag, operations in groups if operations],
        ways=described["components"]["securitySchemes"],
        schemas=[
            (name, schema.get("description", ""), list(_iter_properties(schema)), make_example(described, schema))
            for name, schema in described["components"]["schemas"].items()
        ],
    )


def _iter_operations(described: Json) -> Iterator[tuple[str, ShownOperation]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield operation["tags"][0], _show(described, method.upper(), path, operation)


def _show(described: Json, method: str, path: str, operation: Json) -> ShownOperation:
    right = next(status for status in operation["responses"] if status.startswith("2"))
    body = operation.get("requestBody")
    return ShownOperation(
        id=operation["operationId"],
        method=method,
        path=path,
        summary=operation["summary"],
        text=operation["description"],
        parameters=tuple(_show_parameter(parameter) for parameter in operation["parameters"]),
        body=_show_body(body["content"]) if body else None,
        answer=(right, _show_body(operation["responses"][right].get("content", {}))),
        refusals=tuple(status for status in operation["responses"] if status != right),
        curl=write_curl(described, method, path, operation),
    )


def _show_parameter(parameter: Json) -> ShownPart:
    required = parameter.get("required", False)
    return ShownPart(
        parameter["name"], write_type(parameter["schema"]), parameter["description"], parameter["in"], required
    )


def _show_body(contents: Json) -> ShownBody | None:
    if not contents:
        return None
    schema = next(iter(contents.values()))["schema"]
    inner = schema.get("items", schema)
    name = inner["$ref"].rpartition("/")[2] if "$ref" in inner else ""
    return ShownBody(tuple(contents), name, inner.get("description", ""), is_list="items" in schema)


def _iter_properties(schema: Json) -> Iterator[ShownPart]:
    required = schema.get("required", [])
    for name, written in schema.get("properties", {}).items():
        yield ShownPart(name, write_type(written), written.get("description", ""), is_required=name in required)


def write_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


office.add_app_template_filter(write_json, "as_json")
