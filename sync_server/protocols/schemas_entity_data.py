"""The JSON of entity lists read in bulk: OData's tables and GeoJSON. Only for the description: bodies are streamed."""

from marshmallow import Schema, fields

_OPTIONAL = {"is_optional": True}


class EntityPageSchema(Schema):
    """Entities of a list; with @odata.nextLink there are more."""

    context = fields.String(data_key="@odata.context")
    count = fields.Integer(data_key="@odata.count", metadata=_OPTIONAL)
    value = fields.List(fields.Dict(metadata={"description": "__id, label, the list's properties, and __system"}))
    next_link = fields.String(data_key="@odata.nextLink", metadata=_OPTIONAL)


class TableLinkSchema(Schema):
    """A table of the service."""

    name = fields.String()
    kind = fields.Constant("EntitySet")
    url = fields.String()


class ServiceDocumentSchema(Schema):
    """The tables of an OData service."""

    context = fields.String(data_key="@odata.context")
    value = fields.List(fields.Nested(TableLinkSchema))


class FeatureSchema(Schema):
    """A place of GeoJSON (RFC 7946)."""

    type = fields.Constant("Feature")
    id = fields.String()
    properties = fields.Constant(None)
    geometry = fields.Dict()


class FeatureCollectionSchema(Schema):
    """Places of GeoJSON."""

    type = fields.Constant("FeatureCollection")
    features = fields.List(fields.Nested(FeatureSchema))
