"""The JSON of submissions and of the audit log as ODK Central's REST has it, and of our receipts of erasures."""

from marshmallow import Schema, fields

from sync_server.protocols.schemas import Moment
from sync_server.protocols.schemas_accounts import ActorSchema

_OPTIONAL = {"is_optional": True}
_STATES = {"schema": {"enum": ["received", "rejected", "hasIssues", "edited", "approved", None]}}


class SubmissionVersionSchema(Schema):
    """One content of a submission, as it first came."""

    instance_id = fields.String(data_key="instanceId", metadata={"example": "uuid:85cb9aff"})
    instance_name = fields.String(
        data_key="instanceName", allow_none=True, metadata={"description": "null where you may not see it"}
    )
    submitter_id = fields.Integer(data_key="submitterId", allow_none=True)
    device_id = fields.String(data_key="deviceId", allow_none=True)
    user_agent = fields.Constant(None, data_key="userAgent")
    created_at = Moment(data_key="createdAt")
    current = fields.Boolean()


class SubmissionSchema(Schema):
    """A submission, without its answers."""

    instance_id = fields.String(data_key="instanceId")
    submitter_id = fields.Integer(data_key="submitterId", allow_none=True)
    device_id = fields.String(data_key="deviceId", allow_none=True)
    user_agent = fields.Constant(None, data_key="userAgent")
    review_state = fields.String(data_key="reviewState", allow_none=True)
    created_at = Moment(data_key="createdAt")
    updated_at = Moment(data_key="updatedAt", allow_none=True)
    deleted_at = Moment(data_key="deletedAt", allow_none=True)
    current_version = fields.Nested(SubmissionVersionSchema, data_key="currentVersion")
    submitter = fields.Nested(ActorSchema, allow_none=True, metadata=_OPTIONAL)


class ReviewSchema(Schema):
    """What is thought of it: null is received."""

    review_state = fields.String(required=True, allow_none=True, data_key="reviewState", metadata=_STATES)


class NewCommentSchema(Schema):
    """What is to be said."""

    body = fields.String(required=True, metadata={"example": "seen on paper"})


class CommentSchema(Schema):
    """What somebody said of a submission."""

    body = fields.String()
    actor_id = fields.Integer(data_key="actorId", allow_none=True)
    created_at = Moment(data_key="createdAt")
    actor = fields.Nested(ActorSchema, allow_none=True, metadata=_OPTIONAL)


class SubmissionFileSchema(Schema):
    """A file that the answers name, or that came with them."""

    name = fields.String()
    exists = fields.Boolean()


class AuditSchema(Schema):
    """Something that somebody did. acteeId is null for the site; extended, who did it and to what."""

    actor_id = fields.Integer(data_key="actorId", allow_none=True)
    action = fields.String(metadata={"example": "form.submissions.export"})
    actee_id = fields.String(data_key="acteeId", allow_none=True, metadata={"example": "form:1/visit"})
    details = fields.Dict(allow_none=True)
    logged_at = Moment(data_key="loggedAt")
    notes = fields.String(allow_none=True)
    actor = fields.Nested(ActorSchema, allow_none=True, metadata=_OPTIONAL)
    actee = fields.Dict(allow_none=True, metadata=_OPTIONAL)


class NewErasureSchema(Schema):
    """Why it goes, without names or answers."""

    reason = fields.String(required=True, metadata={"example": "Consent withdrawn"})


class ErasedSubjectSchema(Schema):
    """What went of one submission."""

    form_id = fields.String()
    root_id = fields.String()
    scope = fields.String()
    versions = fields.Integer()
    receipts = fields.Integer()
    rows = fields.Integer()
    answers = fields.Integer()
    files = fields.Integer()
    sealed = fields.Integer()


class ErasureSchema(Schema):
    """The receipt of an erasure: what went, when, by whom and why, by ids and counts."""

    id = fields.String()
    what = fields.String()
    decided_at = fields.String()
    author = fields.String()
    reason = fields.String()
    node = fields.String()
    subjects = fields.List(fields.Nested(ErasedSubjectSchema))
    blocked_since = fields.Integer()
    unfinished = fields.List(fields.String())
    backups = fields.Integer(allow_none=True)
    held_until = fields.String()
