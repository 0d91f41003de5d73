"""The JSON of projects as ODK Central's REST has it: projects, their tablets, links and properties, and their keys."""

from marshmallow import Schema, fields

from sync_server.protocols.schemas import FormSchema, Moment
from sync_server.protocols.schemas_accounts import ActorSchema, AppUserSchema, NewAppUserSchema
from sync_server.protocols.schemas_datasets import DatasetSchema

_OPTIONAL = {"is_optional": True}
_NAME = {"example": "Nineveh"}
_PROPERTIES = {"description": "Of the registered properties, each with its value; null takes one away."}


class ListedFormSchema(FormSchema):
    """A form in the list of its project, with the time of its newest submission."""

    last_submission = Moment(data_key="lastSubmission", allow_none=True)


class ProjectSchema(Schema):
    """A project. Its keyId is that of its encryption, if that was turned on."""

    id = fields.Integer()
    name = fields.String(metadata=_NAME)
    description = fields.String(allow_none=True)
    key_id = fields.Integer(data_key="keyId", allow_none=True)
    archived = fields.Boolean(allow_none=True)
    created_at = Moment(data_key="createdAt")
    updated_at = Moment(data_key="updatedAt", allow_none=True)
    deleted_at = Moment(data_key="deletedAt", allow_none=True)


class ShownProjectSchema(ProjectSchema):
    """A project; extended: what it holds, and what one may do there. With ?forms=true: its forms."""

    forms = fields.Integer(metadata=_OPTIONAL)
    app_users = fields.Integer(data_key="appUsers", metadata=_OPTIONAL)
    last_submission = Moment(data_key="lastSubmission", allow_none=True, metadata=_OPTIONAL)
    datasets = fields.Integer(metadata=_OPTIONAL)
    last_entity = Moment(data_key="lastEntity", allow_none=True, metadata=_OPTIONAL)
    verbs = fields.List(fields.String(), metadata=_OPTIONAL)
    form_list = fields.List(fields.Nested(ListedFormSchema), data_key="formList", metadata=_OPTIONAL)
    dataset_list = fields.List(fields.Nested(DatasetSchema), data_key="datasetList", metadata=_OPTIONAL)


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
    """Who has which role on the form."""

    actor_id = fields.Integer(required=True, data_key="actorId")
    role_id = fields.Integer(required=True, data_key="roleId", metadata={"example": 2})


class FormPutSchema(Schema):
    """A form as it should be. Without assignments, who has it stays as it is."""

    form_id = fields.String(required=True, data_key="xmlFormId")
    state = fields.String(metadata={"example": "open"})
    assignments = fields.List(fields.Nested(HolderSchema))


class ProjectPutSchema(NewProjectSchema):
    """A project as it should be: what is not named is taken away. With forms, all of them are named."""

    archived = fields.Boolean(allow_none=True)
    forms = fields.List(fields.Nested(FormPutSchema))


class NewKeySchema(Schema):
    """What seals the project's answers from now on. Who loses the passphrase loses the answers."""

    passphrase = fields.String(required=True, metadata={"description": "ten characters or more"})
    hint = fields.String(allow_none=True)


class SealedProjectSchema(ProjectSchema):
    """A project whose encryption was turned on."""

    success = fields.Constant(True)


class KeySchema(Schema):
    """A key that opens submissions: a project's own (managed), or one that a form brought along."""

    id = fields.Integer()
    public = fields.String()
    managed = fields.Boolean()
    hint = fields.String(allow_none=True)


class AppUserDetailsSchema(AppUserSchema):
    """A tablet; extended: when it was used, who added it, what is noted of it."""

    created_by = fields.Nested(ActorSchema, data_key="createdBy", allow_none=True, metadata=_OPTIONAL)
    properties = fields.Dict(values=fields.String(), allow_none=True, metadata=_OPTIONAL)


class NewAppUserDetailsSchema(NewAppUserSchema):
    """A tablet to be, with what is noted of it."""

    properties = fields.Dict(values=fields.String(allow_none=True), metadata=_PROPERTIES)


class PropertiesPatchSchema(Schema):
    """What is noted of a tablet or a link from now on; what is not named stays."""

    properties = fields.Dict(values=fields.String(allow_none=True), metadata=_PROPERTIES)


class PublicLinkSchema(ActorSchema):
    """A link. Its token is null once revoked, and for those who could not make one; extended: what is noted of it."""

    token = fields.String(allow_none=True)
    once = fields.Boolean()
    created_by = fields.Nested(ActorSchema, data_key="createdBy", allow_none=True, metadata=_OPTIONAL)
    last_used = Moment(data_key="lastUsed", allow_none=True, metadata=_OPTIONAL)
    properties = fields.Dict(values=fields.String(), allow_none=True, metadata=_OPTIONAL)


class NewPublicLinkSchema(NewAppUserDetailsSchema):
    """A link to be; with `once`, web forms let each browser fill the form once."""

    once = fields.Boolean(allow_none=True)


class PropertySchema(Schema):
    """A property; extended: the values in use."""

    name = fields.String(metadata={"example": "region"})
    values = fields.List(fields.String(), metadata=_OPTIONAL)


class NewPropertySchema(Schema):
    """A property to be."""

    name = fields.String(required=True, metadata={"example": "region"})
