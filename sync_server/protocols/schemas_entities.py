"""The JSON of entities as ODK Central's REST has it."""

from marshmallow import Schema, fields

from sync_server.protocols.schemas import Moment
from sync_server.protocols.schemas_accounts import ActorSchema

_OPTIONAL = {"is_optional": True}
_ID = {"example": "85cb9aff-005e-4edd-9739-dc9c1a829c44"}
_CONFLICT = {"schema": {"enum": ["soft", "hard", None]}}
_CREATOR = {"description": "Who did it; 0 is the operator of the server, or nobody that is known here."}
_VERSION = {"description": "Pass it on as it is: the next is not this one plus one (docs/decisions/0012)."}
_DATA = {"description": "Properties of the list, each as text; what is not named stays.", "example": {}}


class EntityVersionSchema(Schema):
    """A version of an entity; extended: who made it. Lists leave out its data."""

    label = fields.String()
    current = fields.Boolean()
    created_at = Moment(data_key="createdAt")
    creator_id = fields.Integer(data_key="creatorId", metadata=_CREATOR)
    user_agent = fields.String(data_key="userAgent", metadata={"description": "Empty: it is not kept."})
    version = fields.Integer(metadata=_VERSION)
    base_version = fields.Integer(data_key="baseVersion", allow_none=True)
    branch_id = fields.String(data_key="branchId", allow_none=True)
    trunk_version = fields.Integer(data_key="trunkVersion", allow_none=True)
    branch_base_version = fields.Integer(data_key="branchBaseVersion", allow_none=True)
    conflicting_properties = fields.List(fields.String(), data_key="conflictingProperties", allow_none=True)
    data = fields.Dict(values=fields.String(), metadata=_OPTIONAL)
    data_received = fields.Dict(values=fields.String(), data_key="dataReceived", metadata=_OPTIONAL)
    creator = fields.Nested(ActorSchema, allow_none=True, metadata=_OPTIONAL)


class EntitySchema(Schema):
    """An entity; extended: who created it. In conflict (hard): a person has to settle it."""

    uuid = fields.String(metadata=_ID)
    created_at = Moment(data_key="createdAt")
    updated_at = Moment(data_key="updatedAt", allow_none=True)
    deleted_at = Moment(data_key="deletedAt", allow_none=True)
    creator_id = fields.Integer(data_key="creatorId", metadata=_CREATOR)
    conflict = fields.String(allow_none=True, metadata=_CONFLICT)
    current_version = fields.Nested(EntityVersionSchema, data_key="currentVersion")
    creator = fields.Nested(ActorSchema, allow_none=True, metadata=_OPTIONAL)


class FullVersionSchema(EntityVersionSchema):
    """A version with what it came from, what it changed, and how it stands to the conflict of now."""

    conflict = fields.String(allow_none=True, metadata=_CONFLICT)
    resolved = fields.Boolean()
    last_good_version = fields.Boolean(data_key="lastGoodVersion")
    relevant_to_conflict = fields.Boolean(data_key="relevantToConflict")
    base_diff = fields.List(fields.String(), data_key="baseDiff")
    server_diff = fields.List(fields.String(), data_key="serverDiff")
    source = fields.Dict()


class NewEntitySchema(Schema):
    """An entity to be; without uuid the server makes one. Many at once: {"source": {"name": "forums.csv"}, "entities":
    […]}, each as one alone is; all are made, or none.
    """

    uuid = fields.String(metadata={"example": "0190a1b2-0000-4000-8000-00000000e0e0"})
    label = fields.String(metadata={"example": "Bardarash"})
    data = fields.Dict(values=fields.String(), metadata=_DATA)


class MadeSchema(Schema):
    """The entity that was made; of many at once, that they were (success)."""

    success = fields.Constant(True, metadata=_OPTIONAL)
    uuid = fields.String(metadata={**_ID, **_OPTIONAL})
    created_at = Moment(data_key="createdAt", metadata=_OPTIONAL)
    updated_at = Moment(data_key="updatedAt", allow_none=True, metadata=_OPTIONAL)
    deleted_at = Moment(data_key="deletedAt", allow_none=True, metadata=_OPTIONAL)
    creator_id = fields.Integer(data_key="creatorId", metadata={**_CREATOR, **_OPTIONAL})
    conflict = fields.String(allow_none=True, metadata={**_CONFLICT, **_OPTIONAL})
    current_version = fields.Nested(EntityVersionSchema, data_key="currentVersion", metadata=_OPTIONAL)
    creator = fields.Nested(ActorSchema, allow_none=True, metadata=_OPTIONAL)


class ChangeSchema(Schema):
    """One property that changed from a version to the next; null: it was not there."""

    property_name = fields.String(data_key="propertyName")
    old = fields.String(allow_none=True)
    new = fields.String(allow_none=True)


class EntityPatchSchema(Schema):
    """What changes of an entity; what is not named stays."""

    label = fields.String(metadata={"example": "Bardarash"})
    data = fields.Dict(values=fields.String(), metadata=_DATA)


class EntityIdsSchema(Schema):
    """Which entities."""

    ids = fields.List(fields.String(metadata=_ID), required=True)
