"""The JSON of entity lists as ODK Central's REST has it; Central calls them datasets."""

from marshmallow import Schema, fields

from sync_server.protocols.schemas import Moment

_OPTIONAL = {"is_optional": True}
_NAME = {"example": "forums"}
_ACCESS = {"description": "Who gets which entities of the list; null: whoever gets the list gets all of it."}
_APPROVAL = {"description": "Whether what submissions do counts only once they are approved."}
_OWN = {"description": 'Whether tablets get only what they made; the same as accessFilter {"type": "ownerOnly"}.'}


class DatasetSchema(Schema):
    """An entity list; extended: what it holds. A deleted one has a number, by which its entities can be downloaded."""

    id = fields.Integer(metadata=_OPTIONAL)
    name = fields.String(metadata=_NAME)
    project_id = fields.Integer(data_key="projectId")
    created_at = Moment(data_key="createdAt")
    approval_required = fields.Boolean(data_key="approvalRequired", metadata=_APPROVAL)
    owner_only = fields.Boolean(data_key="ownerOnly", metadata=_OWN)
    access_filter = fields.Dict(data_key="accessFilter", allow_none=True, metadata=_ACCESS)
    entities = fields.Integer(metadata=_OPTIONAL)
    last_entity = Moment(data_key="lastEntity", allow_none=True, metadata=_OPTIONAL)
    conflicts = fields.Integer(metadata=_OPTIONAL)


class NamedFormSchema(Schema):
    """A form by its id and its title."""

    form_id = fields.String(data_key="xmlFormId")
    name = fields.String()


class DatasetPropertySchema(Schema):
    """A property, and the forms that write it."""

    name = fields.String(metadata={"example": "adm2"})
    odata_name = fields.String(data_key="odataName")
    published_at = Moment(data_key="publishedAt")
    forms = fields.List(fields.Nested(NamedFormSchema))


class DatasetDetailsSchema(DatasetSchema):
    """An entity list with its properties, the forms that write it (sourceForms) and those that show it."""

    last_update = Moment(data_key="lastUpdate")
    source_forms = fields.List(fields.Nested(NamedFormSchema), data_key="sourceForms")
    linked_forms = fields.List(fields.Nested(NamedFormSchema), data_key="linkedForms")
    properties = fields.List(fields.Nested(DatasetPropertySchema))


class DatasetPatchSchema(Schema):
    """What changes of a list; what is not named stays."""

    approval_required = fields.Boolean(data_key="approvalRequired", metadata=_APPROVAL)
    owner_only = fields.Boolean(data_key="ownerOnly", metadata=_OWN)
    access_filter = fields.Dict(
        data_key="accessFilter", allow_none=True, metadata={**_ACCESS, "example": {"type": "ownerOnly"}}
    )


class NewDatasetSchema(DatasetPatchSchema):
    """A list to be."""

    name = fields.String(required=True, metadata={"example": "trainings"})


class NewDatasetPropertySchema(Schema):
    """A property to be."""

    name = fields.String(required=True, metadata={"example": "adm2"})


class DiffPropertySchema(Schema):
    """A property of a list, and whether the form writes it."""

    name = fields.String()
    in_form = fields.Boolean(data_key="inForm")


class DatasetDiffSchema(Schema):
    """A list that a form writes."""

    name = fields.String()
    properties = fields.List(fields.Nested(DiffPropertySchema))


class AttachmentPatchSchema(Schema):
    """Whether the form gets the entity list of this name instead of a file."""

    dataset = fields.Boolean(required=True)
