"""The JSON of tablets' clocks; ODK Central has none like it."""

from marshmallow import Schema, fields

from sync_server.core.clock_reading import Reason
from sync_server.protocols.schemas import Moment

_AHEAD = {"description": "seconds, the tablet's clock minus the true time", "example": 10_800}
_REASON = {"schema": {"enum": [reason.value for reason in Reason]}}


class WrongForSchema(Schema):
    """A time in which a clock was off by as much."""

    offset = fields.Float(metadata=_AHEAD)
    offset_from = fields.Float(attribute="offsets.low", data_key="offsetFrom", metadata=_AHEAD)
    offset_to = fields.Float(attribute="offsets.high", data_key="offsetTo", metadata=_AHEAD)
    submissions = fields.Integer()
    since = Moment()
    until = Moment()
    reason = fields.String(attribute="reason.value", metadata=_REASON)
    why = fields.String(attribute="reason.text")


class TabletClockSchema(Schema):
    """A tablet: as it calls itself, as the office does, and the times in which its clock was off."""

    device = fields.String(metadata={"example": "collect:Xq3"})
    name = fields.String()
    submissions = fields.Integer()
    repaired = fields.Integer(metadata={"description": "for how many of them another time is proposed"})
    wrong = fields.List(fields.Nested(WrongForSchema))


class SubmissionTimeSchema(Schema):
    """A submission: what its tablet said, and when it was finished."""

    project_id = fields.Integer(data_key="projectId")
    form_id = fields.String(data_key="xmlFormId")
    instance_id = fields.String(data_key="instanceId")
    received_at = Moment(attribute="proposal.received_at", data_key="receivedAt")
    original = Moment(attribute="proposal.original", allow_none=True)
    proposed = Moment(
        attribute="proposal.proposed", allow_none=True,
        metadata={"description": "the original where that is left as it is; null where the tablet said no time"},
    )  # fmt: skip
    earliest = Moment(attribute="proposal.earliest")
    latest = Moment(attribute="proposal.latest")
    reason = fields.String(attribute="proposal.reason.value", metadata=_REASON)
    why = fields.String(attribute="proposal.reason.text")


class TabletTimesSchema(Schema):
    """A tablet with all its submissions, those received first first."""

    device = fields.String()
    name = fields.String()
    submissions = fields.List(fields.Nested(SubmissionTimeSchema))
