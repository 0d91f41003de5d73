"""The JSON of submissions as ODK Central's REST has it: lists, reviews, comments; and ours: erasures."""

from marshmallow import Schema, fields

from sync_server.protocols.schemas import Moment
from sync_server.protocols.schemas_accounts import ActorSchema

_OPTIONAL = {"is_optional": True}
_STATES = ["received", "edited", "hasIssues", "rejected", "approved"]
_INSTANCE = {"example": "uuid:4f1d9c2e-5b6a-4c1d-9d53-0d6f6f0f2a11"}


class SubmissionVersionSchema(Schema):
    """One version of a submission."""

    instance_id = fields.String(data_key="instanceId", allow_none=True, metadata=_INSTANCE)
    instance_name = fields.String(data_key="instanceName", allow_none=True)
    submitter_id = fields.Integer(data_key="submitterId", allow_none=True)
    device_id = fields.String(data_key="deviceId", allow_none=True)
    user_agent = fields.String(data_key="userAgent", allow_none=True)
    created_at = Moment(data_key="createdAt")
    current = fields.Boolean()


class SubmissionSchema(Schema):
    """A submission; extended: who sent it."""

    instance_id = fields.String(data_key="instanceId", metadata=_INSTANCE)
    submitter_id = fields.Integer(data_key="submitterId", allow_none=True)
    device_id = fields.String(data_key="deviceId", allow_none=True)
    user_agent = fields.String(data_key="userAgent", allow_none=True)
    review_state = fields.String(data_key="reviewState", allow_none=True)
    created_at = Moment(data_key="createdAt")
    updated_at = Moment(data_key="updatedAt", allow_none=True)
    deleted_at = Moment(data_key="deletedAt", allow_none=True)
    current_version = fields.Nested(SubmissionVersionSchema, data_key="currentVersion")
    submitter = fields.Nested(ActorSchema, allow_none=True, metadata=_OPTIONAL)


class ReviewSchema(Schema):
    """The review state to be; null is received."""

    review_state = fields.String(
        required=True, allow_none=True, data_key="reviewState", metadata={"schema": {"enum": [*_STATES, None]}}
    )


class CommentSchema(Schema):
    """What somebody said of a submission; extended: who."""

    body = fields.String()
    actor_id = fields.Integer(data_key="actorId", allow_none=True)
    created_at = Moment(data_key="createdAt")
    actor = fields.Nested(ActorSchema, allow_none=True, metadata=_OPTIONAL)


class NewCommentSchema(Schema):
    """What is to be said."""

    body = fields.String(required=True, metadata={"example": "seen on paper"})


class NewErasureSchema(Schema):
    """Why it is erased. Kept for ever: write no names or answers into it."""

    reason = fields.String(required=True, metadata={"example": "Consent withdrawn"})


class ErasedSubjectSchema(Schema):
    """What went of one submission, by counts."""

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
    """The receipt of an erasure: what went, when, by whom and why, never what it said."""

    id = fields.String()
    what = fields.String()
    decided_at = Moment()
    author = fields.String()
    reason = fields.String()
    node = fields.String()
    subjects = fields.Nested(ErasedSubjectSchema, many=True)
    blocked_since = fields.Integer()
    unfinished = fields.List(fields.String())
    backups = fields.Integer(allow_none=True)
    held_until = Moment()


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
