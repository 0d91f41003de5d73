"""The JSON of projects, roles, links and settings as ODK Central's REST has it.

What views write by hand is described here; the tests hold every answer against it.
"""

from marshmallow import Schema, fields, validate

from sync_server.core.sensitivity import Level
from sync_server.protocols.schemas import FormSchema, Moment
from sync_server.protocols.schemas_accounts import ActorSchema

_OPTIONAL = {"is_optional": True}
_LEVELS = [level.word for level in Level]
_NAME = {"example": "Nineveh"}
_ROWS = {"description": "An OData filter: the rows it is for.", "example": "meeting/adm2 eq 'IQ-NI-03'"}


class ListedFormSchema(FormSchema):
    """A form in a list of projects, with the time of its newest submission."""

    last_submission = Moment(data_key="lastSubmission", allow_none=True)


class ProjectSchema(Schema):
    """A project; extended: what there is in it, and for one alone what one may do there."""

    id = fields.Integer()
    name = fields.String(metadata=_NAME)
    description = fields.String(allow_none=True)
    key_id = fields.Integer(data_key="keyId", allow_none=True)
    archived = fields.Boolean(allow_none=True)
    created_at = Moment(data_key="createdAt", allow_none=True)
    updated_at = Moment(data_key="updatedAt", allow_none=True)
    deleted_at = Moment(data_key="deletedAt", allow_none=True)
    forms = fields.Integer(metadata=_OPTIONAL)
    app_users = fields.Integer(data_key="appUsers", metadata=_OPTIONAL)
    last_submission = Moment(data_key="lastSubmission", allow_none=True, metadata=_OPTIONAL)
    datasets = fields.Integer(metadata=_OPTIONAL)
    last_entity = Moment(data_key="lastEntity", allow_none=True, metadata=_OPTIONAL)
    verbs = fields.List(fields.String(), metadata=_OPTIONAL)
    form_list = fields.Nested(ListedFormSchema, many=True, data_key="formList", metadata=_OPTIONAL)
    dataset_list = fields.List(fields.Dict(), data_key="datasetList", metadata=_OPTIONAL)
    success = fields.Constant(True, metadata=_OPTIONAL)


class NewProjectSchema(Schema):
    """A project to be."""

    name = fields.String(required=True, metadata=_NAME)
    description = fields.String(allow_none=True)


class ProjectPatchSchema(Schema):
    """What changes of a project; what is not named stays."""

    name = fields.String(metadata=_NAME)
    description = fields.String(allow_none=True)
    archived = fields.Boolean(allow_none=True)


class HolderSchema(Schema):
    """Who has which role on a form."""

    actor_id = fields.Integer(required=True, data_key="actorId")
    role_id = fields.Integer(required=True, data_key="roleId")


class FormOfProjectSchema(Schema):
    """A form's state, and all who have it."""

    form_id = fields.String(required=True, data_key="xmlFormId", metadata={"example": "meeting"})
    state = fields.String(validate=validate.OneOf(["open", "closing", "closed"]))
    assignments = fields.Nested(HolderSchema, many=True)


class ProjectPutSchema(Schema):
    """All of a project; what is not named becomes nothing. The forms, if named, are all of them."""

    name = fields.String(required=True, metadata=_NAME)
    description = fields.String(allow_none=True)
    archived = fields.Boolean(allow_none=True)
    forms = fields.Nested(FormOfProjectSchema, many=True)


class PassphraseSchema(Schema):
    """What opens the project's answers from now on. Nobody can tell it to you again."""

    passphrase = fields.String(required=True, metadata={"example": "…"})
    hint = fields.String(allow_none=True)


class KeySchema(Schema):
    """A key for which submissions are sealed."""

    id = fields.Integer()
    public = fields.String()
    managed = fields.Boolean()
    hint = fields.String(allow_none=True)


class RoleSchema(Schema):
    """A role: what may be done by whoever has it."""

    id = fields.Integer()
    name = fields.String(metadata={"example": "Project Viewer"})
    system = fields.String(metadata={"example": "viewer"})
    verbs = fields.List(fields.String())
    created_at = Moment(data_key="createdAt", allow_none=True)
    updated_at = Moment(data_key="updatedAt", allow_none=True)


class AssignmentSchema(Schema):
    """Who has a role, on which rows and up to which level where it is narrowed; extended: the actor in its place."""

    actor_id = fields.Integer(data_key="actorId", metadata=_OPTIONAL)
    actor = fields.Nested(ActorSchema, metadata=_OPTIONAL)
    role_id = fields.Integer(data_key="roleId")
    form_id = fields.String(data_key="xmlFormId", metadata=_OPTIONAL)
    rows = fields.String(metadata=_OPTIONAL | _ROWS)
    level = fields.String(validate=validate.OneOf(_LEVELS), metadata=_OPTIONAL)


class NarrowingSchema(Schema):
    """To which rows a role is narrowed, and up to which level of sensitivity."""

    rows = fields.String(allow_none=True, metadata=_ROWS)
    level = fields.String(allow_none=True, metadata={"schema": {"enum": [*_LEVELS, None]}})


class PropertySchema(Schema):
    """What a project notes of its tablets and links; extended: the values there are."""

    name = fields.String(metadata={"example": "region"})
    values = fields.Raw(metadata=_OPTIONAL)


class NewPropertySchema(Schema):
    """A property to be."""

    name = fields.String(required=True, metadata={"example": "region"})


class SettingSchema(Schema):
    """A setting of the site: its value, or that there is a picture."""

    key = fields.String(metadata={"example": "login-appearance"})
    value = fields.Raw(metadata=_OPTIONAL)
    blob_exists = fields.Boolean(data_key="blobExists", metadata=_OPTIONAL)
    set_at = Moment(data_key="setAt")
