"""The JSON of completeness: what each tablet sent, and what its forms' numbers ask."""

from marshmallow import Schema, fields

from sync_server.protocols.schemas import Moment

_FORM = {"example": "cpf_attendance"}


class TabletFormSchema(Schema):
    """What came of one form from a tablet: on each of the days, and since the beginning."""

    xml_form_id = fields.String(data_key="xmlFormId", metadata=_FORM)
    by_day = fields.List(fields.Integer(), data_key="byDay")
    received = fields.Integer()
    edits = fields.Integer()
    total = fields.Integer()
    waiting = fields.Integer()
    files_missing = fields.Integer(data_key="filesMissing")
    sealed = fields.Integer()


class GapSchema(Schema):
    """Numbers that never came: a question, not a loss. `after` and `before` is when their neighbours came."""

    xml_form_id = fields.String(data_key="xmlFormId", metadata=_FORM)
    first = fields.Integer()
    last = fields.Integer()
    after = Moment(allow_none=True)
    before = Moment()
    maybe_erased = fields.Integer(data_key="maybeErased")


class RestartSchema(Schema):
    """A tablet counts a form anew: what it filled after a number cannot be counted."""

    xml_form_id = fields.String(data_key="xmlFormId", metadata=_FORM)
    after_number = fields.Integer(data_key="afterNumber")
    last_at = Moment(data_key="lastAt")
    since = Moment()


class TabletReportSchema(Schema):
    """One tablet; `node` is the server it sends to, empty for this one."""

    name = fields.String()
    node = fields.String()
    has_access = fields.Boolean(data_key="hasAccess")
    last_seen_at = Moment(data_key="lastSeenAt", allow_none=True)
    days_silent = fields.Integer(data_key="daysSilent", allow_none=True)
    is_silent = fields.Boolean(data_key="isSilent")
    files_on_the_way = fields.Integer(data_key="filesOnTheWay")
    not_at_centre = fields.Integer(data_key="notAtCentre", allow_none=True)
    code = fields.String(metadata={"example": "3F9A-12BC"})
    forms = fields.List(fields.Nested(TabletFormSchema))
    numbers_missing = fields.Integer(data_key="numbersMissing")
    gaps = fields.List(fields.Nested(GapSchema))
    restarts = fields.List(fields.Nested(RestartSchema))


class TabletsReportSchema(Schema):
    """All tablets of a project on some days."""

    project_id = fields.Integer(data_key="projectId")
    days = fields.List(fields.String(metadata={"example": "2026-11-23"}))
    made_at = Moment(data_key="madeAt")
    is_worked_through = fields.Boolean(data_key="isWorkedThrough")
    centre = fields.String()
    tablets = fields.List(fields.Nested(TabletReportSchema))
