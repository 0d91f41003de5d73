"""The JSON of a comparison of two nodes (ours; ODK Central has none like it)."""

from marshmallow import Schema, fields

from sync_server.protocols.schemas import Moment


class HeldSchema(Schema):
    """How much one node holds: submissions, edits of them, files."""

    submissions = fields.Integer()
    edits = fields.Integer()
    files = fields.Integer()


class HeldPairSchema(Schema):
    """The same of one form from one device; null: no device was named."""

    form_id = fields.String()
    device_id = fields.String(allow_none=True)
    here = fields.Nested(HeldSchema)
    there = fields.Nested(HeldSchema)


class FindingSchema(Schema):
    """Something that only one node holds. `version` is the sha256 of its bytes, `size` and `present` are bytes."""

    what = fields.String(metadata={"example": "missing here"})
    form_id = fields.String()
    instance_id = fields.String()
    edits = fields.String(allow_none=True)
    version = fields.String()
    device_id = fields.String(allow_none=True)
    received_at = Moment()
    file = fields.String(allow_none=True)
    size = fields.Integer(allow_none=True)
    present = fields.Integer(allow_none=True)


class ComparisonSchema(Schema):
    """How two nodes compare. `missing` counts what has still to arrive; `left_out`, findings beyond 10,000."""

    node = fields.String()
    is_complete = fields.Boolean()
    missing = fields.Integer()
    held = fields.Nested(HeldPairSchema, many=True)
    findings = fields.Nested(FindingSchema, many=True)
    left_out = fields.Integer()
