"""Write marshmallow schemas as JSON Schema (2020-12), as OpenAPI 3.1 has it.

Of its own rather than by a library: the one there is, apispec, knows neither the constants and times of our schemas nor
the routes' declarations, and would be one more thing on every hub.
"""

from collections.abc import Callable
from typing import Any

from marshmallow import Schema, fields, validate

from sync_server.protocols.schemas import Moment

Json = dict[str, Any]

_TYPES: tuple[tuple[type[fields.Field], Json], ...] = (
    (Moment, {"type": "string", "format": "date-time"}),
    (fields.Email, {"type": "string", "format": "email"}),
    (fields.String, {"type": "string"}),
    (fields.Integer, {"type": "integer"}),
    (fields.Number, {"type": "number"}),
    (fields.Boolean, {"type": "boolean"}),
)


class Components:
    """The schemas that were asked for, and the refusals, under the names by which they are referred to."""

    def __init__(self) -> None:
        self.schemas: dict[str, Json] = {}
        self.responses: dict[str, Json] = {}

    def refer(self, schema: type[Schema], *, is_answer: bool) -> Json:
        """Return the reference to a schema, and write it unless it is there."""
        name = schema.__name__.removesuffix("Schema")
        if name not in self.schemas:
            self.schemas[name] = {}  # for those that hold themselves
            self.schemas[name] = self._write(schema, is_answer=is_answer)
        return {"$ref": f"#/components/schemas/{name}"}

    def _write(self, schema: type[Schema], *, is_answer: bool) -> Json:
        declared = schema().fields
        named = {(field.data_key or name): field for name, field in declared.items()}
        written: Json = {
            "type": "object",
            "description": " ".join((schema.__doc__ or "").split()),
            "properties": {name: self.write_field(field, is_answer=is_answer) for name, field in named.items()},
        }
        required = [name for name, field in named.items() if _is_required(field, is_answer=is_answer)]
        if required:
            written["required"] = required
        if is_answer:  # an answer has what is named and nothing else; what comes in may have more, which is passed over
            written["additionalProperties"] = False
        return written

    def write_field(self, field: fields.Field, *, is_answer: bool) -> Json:
        """Write one field: its type, what it may be, and what it is for."""
        written = {**self._type(field, is_answer=is_answer), **_limits(field)}
        if field.allow_none:
            written = _or_null(written)
        told = {name: field.metadata[name] for name in ("description", "example") if name in field.metadata}
        if "example" in told:
            told["examples"] = [told.pop("example")]
        return {**written, **told}

    def _type(self, field: fields.Field, *, is_answer: bool) -> Json:
        if "schema" in field.metadata:
            return dict(field.metadata["schema"])
        if isinstance(field, fields.Constant):
            return {"const": field.constant}
        if isinstance(field, fields.Nested):
            inner = self.refer(type(field.schema), is_answer=is_answer)
            return {"type": "array", "items": inner} if field.many else inner
        if isinstance(field, fields.List):
            return {"type": "array", "items": self.write_field(field.inner, is_answer=is_answer)}
        if isinstance(field, fields.Dict):
            values = field.value_field
            inside = self.write_field(values, is_answer=is_answer) if values is not None else True
            return {"type": "object", "additionalProperties": inside}
        return dict(next((written for kind, written in _TYPES if isinstance(field, kind)), {}))


def _is_required(field: fields.Field, *, is_answer: bool) -> bool:
    return not field.metadata.get("is_optional") if is_answer else field.required


def _or_null(written: Json) -> Json:
    if isinstance(written.get("type"), str):
        return {**written, "type": [written["type"], "null"]}
    return {"anyOf": [written, {"type": "null"}]} if written else written


def _limits(field: fields.Field) -> Json:
    found: Json = {}
    for validator in field.validators:
        writer = _LIMITS.get(type(validator))
        if writer is not None:
            found |= writer(validator)
    return found


def _length(validator: Any) -> Json:
    return {
        name: value for name, value in (("minLength", validator.min), ("maxLength", validator.max)) if value is not None
    }


def _range(validator: Any) -> Json:
    return {
        name: value for name, value in (("minimum", validator.min), ("maximum", validator.max)) if value is not None
    }


_LIMITS: dict[type, Callable[[Any], Json]] = {
    validate.Length: _length,
    validate.Range: _range,
    validate.OneOf: lambda validator: {"enum": list(validator.choices)},
}
