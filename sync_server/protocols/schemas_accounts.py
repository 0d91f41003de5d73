"""The JSON of accounts as ODK Central's REST has it: who somebody is, signing in, passwords, preferences.

What views write by hand is described here; the tests hold every answer against it.
"""

from marshmallow import Schema, fields

from sync_server.protocols.schemas import Moment

_OPTIONAL = {"is_optional": True}
_EMAIL = {"example": "sara@example.org"}
_PASSWORD = {"description": "Hard to guess, and of ten characters or more.", "example": "a river of 40 herons"}


class SuccessSchema(Schema):
    """It is done."""

    success = fields.Constant(True)


class ActorSchema(Schema):
    """Whoever does something: a person, a tablet, a link. People have an e-mail."""

    id = fields.Integer()
    type = fields.String(metadata={"example": "user"})
    display_name = fields.String(data_key="displayName", metadata={"example": "Sara"})
    created_at = Moment(data_key="createdAt")
    updated_at = Moment(data_key="updatedAt", allow_none=True)
    deleted_at = Moment(data_key="deletedAt", allow_none=True)
    email = fields.String(metadata=_EMAIL | _OPTIONAL)


class PreferencesSchema(Schema):
    """What somebody set for themselves: of the site, and by project."""

    site = fields.Dict()
    projects = fields.Dict(values=fields.Dict())


class CurrentUserSchema(ActorSchema):
    """Who asks; extended: what they may on the site, and what they set for themselves."""

    verbs = fields.List(fields.String(), metadata=_OPTIONAL)
    preferences = fields.Nested(PreferencesSchema, metadata=_OPTIONAL)


class SessionSchema(Schema):
    """A session's times."""

    created_at = Moment(data_key="createdAt")
    expires_at = Moment(data_key="expiresAt")


class NewSessionSchema(SessionSchema):
    """A session just begun. The token is the Bearer token; the csrf word goes beside the cookie."""

    token = fields.String()
    csrf = fields.String()


class SignInSchema(Schema):
    """E-mail and password, and for who uses a second factor its code."""

    email = fields.String(required=True, metadata=_EMAIL)
    password = fields.String(required=True, metadata={"example": "…"})
    code = fields.String(metadata={"description": "The six digits, or a recovery code.", "example": "123456"})


class NewUserSchema(Schema):
    """An account to be. Without a password, its owner sets one by a code."""

    email = fields.String(required=True, metadata=_EMAIL)
    password = fields.String(allow_none=True, metadata=_PASSWORD)
    display_name = fields.String(allow_none=True, data_key="displayName", metadata={"example": "Sara"})


class UserPatchSchema(Schema):
    """What changes of an account; what is not named stays."""

    email = fields.String(allow_none=True, metadata={"example": "sara.h@example.org"})
    display_name = fields.String(allow_none=True, data_key="displayName", metadata={"example": "Sara"})


class PasswordChangeSchema(Schema):
    """The password of now, and the one to be."""

    old = fields.String(required=True, metadata={"example": "…"})
    new = fields.String(required=True, metadata=_PASSWORD)


class ResetRequestSchema(Schema):
    """Whose password was forgotten."""

    email = fields.String(required=True, metadata=_EMAIL)


class NewPasswordSchema(Schema):
    """The password to be."""

    new = fields.String(required=True, metadata=_PASSWORD)


class PreferenceSchema(Schema):
    """The value, which may be any JSON, null too."""

    value = fields.Raw(required=True, data_key="propertyValue", metadata={"example": True})


class AppUserSchema(ActorSchema):
    """A tablet. Its token is null once revoked, and for those who could not make one; extended: when it was used."""

    project_id = fields.Integer(data_key="projectId")
    token = fields.String(allow_none=True)
    last_used = Moment(data_key="lastUsed", allow_none=True, metadata=_OPTIONAL)


class NewAppUserSchema(Schema):
    """A tablet to be."""

    display_name = fields.String(required=True, data_key="displayName", metadata={"example": "Tablet 7"})
