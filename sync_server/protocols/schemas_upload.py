"""The JSON of an uploaded CSV of entities: what it did, or would do; ODK Central has none like it."""

from typing import Any

from marshmallow import Schema, fields

from sync_server.core.entity_event import LABEL
from sync_server.services.plan_upload import PlannedRow


class DifferenceSchema(Schema):
    """What one property, or the label, was and will be."""

    before = fields.String(data_key="from")
    after = fields.String(data_key="to")


class RowChangeSchema(Schema):
    """A row that changes an entity. `row` is as a spreadsheet counts: the head is row 1."""

    row = fields.Integer()
    entity_id = fields.String(data_key="uuid")
    label = fields.Function(lambda each: _label(each), metadata={"schema": {"type": "string"}})
    differences = fields.Function(
        lambda each: {
            name: DifferenceSchema().dump({"before": before, "after": after})
            for name, (before, after) in each.differences.items()
        },
        metadata={"schema": {"type": "object", "additionalProperties": {"type": "object"}}},
    )


class UploadPlanSchema(Schema):
    """How many entities a file creates, changes and leaves as they are; `changes` are the first of them."""

    created = fields.Integer()
    changed = fields.Integer()
    unchanged = fields.Integer()
    changes = fields.List(fields.Nested(RowChangeSchema))


def _label(row: PlannedRow) -> Any:
    """The label it had: by that people know it."""
    return row.sees.data.get(LABEL, "") if row.sees else row.said.get(LABEL, "")
