"""Examples for the page of the interface: a body that follows a schema, and the same question asked with curl."""

import json
import shlex
from typing import Any

Json = dict[str, Any]

_WORDS = {"string": "…", "integer": 1, "number": 1.0, "boolean": True, "null": None}
_MOMENT = "2026-11-23T09:00:00.000Z"


def make_example(described: Json, schema: Json) -> Any:
    """Make a value that follows a schema, out of the examples its fields have."""
    schema = _resolve(described, schema)
    if "anyOf" in schema:
        return make_example(described, schema["anyOf"][0])
    for name in ("examples", "enum"):
        if schema.get(name):
            return schema[name][0]
    if "const" in schema:
        return schema["const"]
    return _make_typed(described, schema)


def _make_typed(described: Json, schema: Json) -> Any:
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "array":
        return [make_example(described, schema["items"])]
    if kind == "object":
        return {name: make_example(described, each) for name, each in schema.get("properties", {}).items()}
    return _MOMENT if schema.get("format") == "date-time" else _WORDS[kind]


def write_type(schema: Json) -> str:
    """Write in words what a value may be."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(write_type(each) for each in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " or ".join(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {write_type(schema['items'])}"
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return f"{words} ({schema['format']})" if "format" in schema else words


def write_curl(described: Json, method: str, path: str, operation: Json) -> str:
    """Write the question for a shell; $SERVER and $TOKEN are explained at the top of the page."""
    words = ["curl", *{"GET": [], "HEAD": ["--head"]}.get(method, ["-X", method])]
    if any("bearer" in way for way in operation["security"]):
        words.append('-H "Authorization: Bearer $TOKEN"')
    words.append(f'"$SERVER{path}{_required_query(operation)}"')
    return " \\\n  ".join([" ".join(words), *_write_body(described, operation)])


def _required_query(operation: Json) -> str:
    found = (
        each for each in operation["parameters"] if each["in"] == "query" and len(each["schema"].get("enum", "")) == 1
    )
    query = "&".join(f"{each['name']}={each['schema']['enum'][0]}" for each in found)
    return f"?{query}" if query else ""


def _write_body(described: Json, operation: Json) -> list[str]:
    contents: Json = operation.get("requestBody", {}).get("content", {})
    if "application/json" in contents:
        example = make_example(described, contents["application/json"]["schema"])
        return ["-H 'Content-Type: application/json'", f"-d {shlex.quote(json.dumps(example, ensure_ascii=False))}"]
    if "multipart/form-data" in contents:
        return ["-F xml_submission_file=@submission.xml", "-F photo.jpg=@photo.jpg"]
    if "application/x-www-form-urlencoded" in contents:
        return ["--cookie session=… -d __csrf=…"]
    return (
        [f"-H 'Content-Type: {next(iter(contents))}' --data-binary @file".replace("*/*", "text/csv")]
        if contents
        else []
    )


def _resolve(described: Json, schema: Json) -> Json:
    while "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema
