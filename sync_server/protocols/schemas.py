"""The JSON of ODK Central's REST: its camelCase names, and ours behind them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from marshmallow import EXCLUDE, Schema, fields

from sync_server.core.xform import Field
from sync_server.store.forms import Form, FormAttachment, FormVersion


class Moment(fields.Field):
    """A time as Central writes it: UTC, milliseconds, Z."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z") if value is not None else None


class ProblemSchema(Schema):
    """What went wrong: for people in the language they asked for, for programs by its number."""

    message = fields.String(metadata={"example": "You may not do this. Ask an administrator."})
    code = fields.Float(metadata={"description": "ODK Central's code; ours from .91", "example": 403.1})
    details = fields.Dict(metadata={"description": "what the message names"})


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """A form with the version that is asked for."""

    form: Form
    version: FormVersion
    key_id: int | None = None


class FormSchema(Schema):
    """A form, or one of its versions: Central shows both alike. What this server does not have is null."""

    project_id = fields.Integer(attribute="form.project_id", data_key="projectId")
    form_id = fields.String(attribute="form.form_id", data_key="xmlFormId", metadata={"example": "meeting"})
    name = fields.String(attribute="version.title")
    version = fields.String(attribute="version.version", metadata={"example": "2026112301"})
    md5 = fields.String(attribute="version.md5", data_key="hash")
    sha256 = fields.String(attribute="version.sha256")
    state = fields.String(attribute="form.state")
    published_at = Moment(attribute="version.published_at", data_key="publishedAt")
    created_at = Moment(attribute="form.created_at", data_key="createdAt")
    updated_at = fields.Constant(None, data_key="updatedAt")
    enketo_id = fields.Constant(None, data_key="enketoId")
    key_id = fields.Integer(data_key="keyId", allow_none=True)
    webforms_enabled = fields.Constant(False, data_key="webformsEnabled")


class FormPatchSchema(Schema):
    """What may be changed of a form; Central's other settings are passed over."""

    class Meta:
        unknown = EXCLUDE

    state = fields.String(required=True, metadata={"schema": {"enum": ["open", "closing", "closed"]}})


_TRUE_OR_NULL = {"schema": {"enum": [True, None]}}
_BOOLEAN = {"schema": {"type": "boolean"}}
_OF_A_FILE = {"is_optional": True}


class FieldSchema(Schema):
    """A question, as in `/fields`."""

    name = fields.String()
    path = fields.String()
    type = fields.String()
    binary = fields.Function(lambda field: True if field.is_binary else None, metadata=_TRUE_OR_NULL)
    select_multiple = fields.Function(
        lambda field: True if field.select_multiple else None, data_key="selectMultiple", metadata=_TRUE_OR_NULL
    )


def _odata_name(name: str) -> str:
    """Write a name as Central's OData does: letters, digits and underscores, no digit first."""
    return re.sub(r"^(?=[^A-Za-z_])", "_", re.sub(r"[^A-Za-z0-9_]", "_", name)) if name else name


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """A file the form names, and what the server has of it."""

    name: str
    type: str
    file: FormAttachment | None
    is_linked: bool = False


class FormAttachmentSchema(Schema):
    """A file the form names, or the entity list that it gets instead; without a file, size and hash are left out."""

    name = fields.String()
    type = fields.String()
    exists = fields.Function(lambda expected: expected.file is not None or expected.is_linked, metadata=_BOOLEAN)
    blob_exists = fields.Function(lambda expected: expected.file is not None, data_key="blobExists", metadata=_BOOLEAN)
    dataset_exists = fields.Boolean(attribute="is_linked", data_key="datasetExists")
    size = fields.Integer(attribute="file.size", metadata=_OF_A_FILE)
    md5 = fields.String(attribute="file.md5", data_key="hash", metadata=_OF_A_FILE)
    updated_at = Moment(attribute="file.updated_at", data_key="updatedAt", metadata=_OF_A_FILE)


def write_fields(found: Sequence[Field], *, odata: bool) -> Any:
    """Write the questions; with `odata`, under the names OData gives them."""
    shown = [replace(field, name=_odata_name(field.name), path=_odata_path(field.path)) for field in found]
    return FieldSchema(many=True).dump(shown if odata else found)


def _odata_path(path: str) -> str:
    return "/".join(_odata_name(name) for name in path.split("/"))
