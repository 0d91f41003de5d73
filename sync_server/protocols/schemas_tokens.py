"""The JSON of those who come with a token, tablets and public links, as ODK Central's REST has it."""

from marshmallow import Schema, fields

from sync_server.protocols.schemas import Moment
from sync_server.protocols.schemas_accounts import ActorSchema

_OPTIONAL = {"is_optional": True}
_PROPERTIES = {"description": "What the project notes of it, by name.", "example": {"region": "North"}}


class _TokenSchema(ActorSchema):
    token = fields.String(allow_none=True)
    created_by = fields.Nested(ActorSchema, data_key="createdBy", allow_none=True, metadata=_OPTIONAL)
    last_used = Moment(data_key="lastUsed", allow_none=True, metadata=_OPTIONAL)
    properties = fields.Dict(values=fields.String(), allow_none=True, metadata=_OPTIONAL | _PROPERTIES)


class AppUserSchema(_TokenSchema):
    """A tablet. The token is null once revoked, and for those who could not make one; extended: its use."""

    project_id = fields.Integer(data_key="projectId")


class PublicLinkSchema(_TokenSchema):
    """A link by which strangers send one form. The token is null once revoked."""

    once = fields.Boolean()


class PropertiesSchema(Schema):
    """The properties to set; null takes one away."""

    properties = fields.Dict(values=fields.String(allow_none=True), metadata=_PROPERTIES)


class NewAppUserSchema(PropertiesSchema):
    """A tablet to be."""

    display_name = fields.String(required=True, data_key="displayName", metadata={"example": "Tablet 7"})


class NewPublicLinkSchema(PropertiesSchema):
    """A public link to be."""

    display_name = fields.String(required=True, data_key="displayName", metadata={"example": "Everybody"})
    once = fields.Boolean(allow_none=True)
