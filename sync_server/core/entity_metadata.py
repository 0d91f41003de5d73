"""Describe an entity list to OData clients: the service document, and the metadata document (EDMX, CSDL 4.0).

Names of types and capabilities are ODK Central's, so that what was set up for it finds the same here. Unlike there,
properties can be filtered and sorted by.
"""

from collections.abc import Iterable
from typing import Any

from lxml import etree

from sync_server.core.entity_row import odata_name

EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
EDM = "http://docs.oasis-open.org/odata/ns/edm"
SYSTEM_TYPES = {
    "createdAt": "Edm.DateTimeOffset", "creatorId": "Edm.String", "creatorName": "Edm.String", "updates": "Edm.Int64",
    "updatedAt": "Edm.DateTimeOffset", "deletedAt": "Edm.DateTimeOffset", "version": "Edm.Int64",
    "conflict": "Edm.String",
}  # fmt: skip
_SYSTEM = "org.opendatakit.entity"
_CAPABILITIES = "Org.OData.Capabilities.V1"


def write_service(root: str) -> dict[str, Any]:
    """Say which tables there are; `root` is the service's address."""
    entities = {"name": "Entities", "kind": "EntitySet", "url": "Entities"}
    return {"@odata.context": f"{root}/$metadata", "value": [entities]}


def write_metadata(list_name: str, fields: Iterable[str]) -> bytes:
    """Describe the table; `fields` are the properties by their names in OData."""
    name = odata_name(list_name)
    namespace = f"org.opendatakit.user.{name}"
    document = etree.Element(f"{{{EDMX}}}Edmx", {"Version": "4.0"}, nsmap={"edmx": EDMX})
    services = etree.SubElement(document, f"{{{EDMX}}}DataServices")
    _add_system(services)
    schema = _add(services, "Schema", {"Namespace": namespace}, nsmap={None: EDM})
    _add_table(schema, fields)
    _add_container(schema, name, f"{namespace}.Entities")
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _add_system(services: etree._Element) -> None:
    schema = _add(services, "Schema", {"Namespace": _SYSTEM}, nsmap={None: EDM})
    complex_type = _add(schema, "ComplexType", {"Name": "metadata"})
    for name, type in SYSTEM_TYPES.items():
        _add(complex_type, "Property", {"Name": name, "Type": type})


def _add_table(schema: etree._Element, fields: Iterable[str]) -> None:
    table = _add(schema, "EntityType", {"Name": "Entities"})
    _add(_add(table, "Key"), "PropertyRef", {"Name": "__id"})
    # What is a key is never null, or strict clients refuse the document.
    _add(table, "Property", {"Name": "__id", "Type": "Edm.String", "Nullable": "false"})
    _add(table, "Property", {"Name": "__system", "Type": f"{_SYSTEM}.metadata"})
    for name in ("label", *fields):
        _add(table, "Property", {"Name": name, "Type": "Edm.String"})


def _add_container(schema: etree._Element, list_name: str, type: str) -> None:
    container = _add(schema, "EntityContainer", {"Name": list_name})
    entities = _add(container, "EntitySet", {"Name": "Entities", "EntityType": type})
    level = f"{_CAPABILITIES}.ConformanceLevelType/Minimal"
    _add(entities, "Annotation", {"Term": f"{_CAPABILITIES}.ConformanceLevel", "EnumMember": level})
    _add(entities, "Annotation", {"Term": f"{_CAPABILITIES}.BatchSupported", "Bool": "false"})
    for restricted, able in (("Count", "Countable"), ("Filter", "Filterable"), ("Sort", "Sortable")):
        _allow(entities, f"{restricted}Restrictions", able)
    functions = _add(entities, "Annotation", {"Term": f"{_CAPABILITIES}.FilterFunctions"})
    names = _add(functions, "Collection")
    for name in ("year", "month", "day", "hour", "minute", "second", "now"):
        _add(names, "String").text = name


def _allow(entities: etree._Element, restrictions: str, able: str) -> None:
    annotation = _add(entities, "Annotation", {"Term": f"{_CAPABILITIES}.{restrictions}"})
    _add(_add(annotation, "Record"), "PropertyValue", {"Property": able, "Bool": "true"})


def _add(
    parent: etree._Element, name: str, attributes: dict[str, str] | None = None, *, nsmap: Any = None
) -> etree._Element:
    return etree.SubElement(parent, f"{{{EDM}}}{name}", attributes or {}, nsmap=nsmap)
