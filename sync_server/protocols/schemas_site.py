"""The JSON of roles, of who has them, and of what is set for the whole site, as ODK Central's REST has it."""

from marshmallow import Schema, fields

from sync_server.protocols.schemas import Moment
from sync_server.protocols.schemas_accounts import ActorSchema

_OPTIONAL = {"is_optional": True}


class RoleSchema(Schema):
    """A role, and what it may do."""

    id = fields.Integer()
    name = fields.String(metadata={"example": "Project Manager"})
    system = fields.String(metadata={"example": "manager"})
    verbs = fields.List(fields.String())
    created_at = Moment(data_key="createdAt", allow_none=True)
    updated_at = Moment(data_key="updatedAt", allow_none=True)


class NarrowingSchema(Schema):
    """What a role is narrowed to; without a body, nothing."""

    rows = fields.String(allow_none=True, metadata={"example": "meeting/adm2 eq 'IQ-NI-03'"})
    level = fields.String(allow_none=True, metadata={"example": "moderate"})


class AssignmentSchema(Schema):
    """Who has a role (extended: the whole actor), and what it is narrowed to, if it is."""

    actor_id = fields.Integer(data_key="actorId", metadata=_OPTIONAL)
    actor = fields.Nested(ActorSchema, metadata=_OPTIONAL)
    role_id = fields.Integer(data_key="roleId")
    rows = fields.String(metadata=_OPTIONAL)
    level = fields.String(metadata=_OPTIONAL)


class FormAssignmentSchema(AssignmentSchema):
    """Who has a role on which form."""

    form_id = fields.String(data_key="xmlFormId")


class SettingSchema(Schema):
    """Something set for the whole site: words, or a picture."""

    key = fields.String(metadata={"example": "login-appearance"})
    value = fields.Dict(metadata=_OPTIONAL)
    blob_exists = fields.Boolean(data_key="blobExists", metadata=_OPTIONAL)
    set_at = Moment(data_key="setAt")


class PublicSettingsSchema(Schema):
    """All that strangers may see, by its key."""

    appearance = fields.Nested(SettingSchema, data_key="login-appearance", metadata=_OPTIONAL)
    logo = fields.Nested(SettingSchema, metadata=_OPTIONAL)
    hero_image = fields.Nested(SettingSchema, data_key="hero-image", metadata=_OPTIONAL)
