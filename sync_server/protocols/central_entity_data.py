"""Read entity lists in bulk as ODK Central's OData, CSV and GeoJSON give them.

GET /v1/projects/{id}/datasets/{name}.svc · ….svc/$metadata · ….svc/Entities
    ?$top=250 &$skip=500 &$skiptoken=… &$count=true &$filter=… &$orderby=… &$select=… &$search=…
GET /v1/projects/{id}/datasets/{name}/entities.csv · …/entities.geojson · …/entities/{uuid}/geojson
    ?$filter=… &$search=…

Beyond what Central does, properties can be filtered and sorted by, and a page in another order can be followed by
@odata.nextLink too. Every answer has an ETag.
"""

import json
from collections.abc import Callable, Iterable
from typing import IO

from flask import Blueprint, Response, request

from sync_server.core import entity_metadata, geojson
from sync_server.core.entity_row import SYSTEM
from sync_server.core.odata_selection import GROUP, Selected, parse_selection
from sync_server.errors import NotFound
from sync_server.exporters.entity_csv import write_entities
from sync_server.protocols.endpoint import central_endpoint, current_node, require_actor
from sync_server.protocols.odata_options import (
    ASKS,
    PageOptions,
    next_link,
    read_page_options,
    require_known,
    service_root,
)
from sync_server.protocols.query_arguments import read_number
from sync_server.protocols.schemas_entity_data import EntityPageSchema, FeatureCollectionSchema, ServiceDocumentSchema
from sync_server.protocols.shapes import Asked, Content
from sync_server.protocols.written_answer import answer_written
from sync_server.services.read_entities import EntityQuery, EntityTable, open_entities

blueprint = Blueprint("central_entity_data", __name__, url_prefix="/v1/projects/<int:project_id>/datasets")

_SERVICE = "/<list_name>.svc"
_CSV = Content(("text/csv",), "a row for each entity")
_EDMX = Content(("application/xml",), "the list's fields, as CSDL 4.0", root="Edmx")
_FILTERS = tuple(asked for asked in ASKS if asked.name in ("$filter", "$search"))
_LIMIT = Asked("limit", "integer", "So many entities at most.")
_JSON = "application/json; charset=utf-8"
_ODATA_JSON = "application/json; odata.metadata=minimal; charset=utf-8"


@blueprint.get(_SERVICE)
@central_endpoint(verb="entity.list", answers=ServiceDocumentSchema, also=(304, 406, 501))
def get_service(project_id: int, list_name: str) -> Response:
    """The service document: which tables there are."""
    require_known((), format="json")
    with open_entities(current_node(), require_actor(), _asked(project_id, list_name)):
        document = entity_metadata.write_service(service_root())
    return _answer(lambda file: file.write(_dump(document)), _ODATA_JSON)


@blueprint.get(f"{_SERVICE}/$metadata")
@central_endpoint(verb="entity.list", answers=_EDMX, also=(304, 406, 501))
def get_metadata(project_id: int, list_name: str) -> Response:
    """The metadata document: the fields of the list."""
    require_known((), format="xml")
    with open_entities(current_node(), require_actor(), _asked(project_id, list_name)) as table:
        document = entity_metadata.write_metadata(list_name, table.fields.values())
    return _answer(lambda file: file.write(document), "application/xml; charset=utf-8")


@blueprint.get(f"{_SERVICE}/Entities")
@central_endpoint(verb="entity.list", is_filtered=True, answers=EntityPageSchema, asks=ASKS, also=(304, 406, 501))
def get_table(project_id: int, list_name: str) -> Response:
    """The entities of a list, newest first, all or a page."""
    options = read_page_options()
    asked = _asked(project_id, list_name, order=options.order)
    with open_entities(current_node(), require_actor(), asked) as table:
        shown = ("__id", "label", *table.fields.values(), GROUP)
        selected = parse_selection(options.select or "*", shown, SYSTEM)
        return _answer(lambda file: _write_page(table, options, selected, file), _ODATA_JSON)


@blueprint.get("/<list_name>/entities.csv")
@central_endpoint(verb="entity.list", is_filtered=True, answers=_CSV, asks=_FILTERS, also=(304, 501))
def get_csv(project_id: int, list_name: str) -> Response:
    """The entities of a list as a table for people; what tablets get is another file."""
    require_known(("$filter", "$search"))
    with open_entities(current_node(), require_actor(), _asked(project_id, list_name)) as table:
        view = table.view
        return answer_written(
            lambda file: write_entities(table.rows(), view.properties, file, has_label=view.has_label),
            "text/csv; charset=utf-8",
            name=f"{list_name}.csv",
        )


@blueprint.get("/<list_name>/entities.geojson")
@central_endpoint(
    verb="entity.list", is_filtered=True, answers=FeatureCollectionSchema, asks=(*_FILTERS, _LIMIT), also=(304, 501)
)
def get_geojson(project_id: int, list_name: str) -> Response:
    """The places of entities: of each the property `geometry`, where it is one."""
    require_known(("$filter", "$search", "limit"))
    limit = read_number("limit")
    with open_entities(current_node(), require_actor(), _asked(project_id, list_name)) as table:
        return answer_written(lambda file: _write_features(table.features(limit=limit), file), _JSON)


@blueprint.get("/<list_name>/entities/<entity_id>/geojson")
@central_endpoint(verb="entity.read", is_filtered=True, answers=FeatureCollectionSchema, also=(304, 501))
def get_entity_geojson(project_id: int, list_name: str, entity_id: str) -> Response:
    """The place of one entity; there may be none."""
    require_known(())
    asked = EntityQuery(project_id=project_id, name=list_name, entity_id=entity_id)
    with open_entities(current_node(), require_actor(), asked) as table:
        if not table.count():
            raise NotFound
        return answer_written(lambda file: _write_features(table.features(), file), _JSON)


def _asked(project_id: int, list_name: str, order: str | None = None) -> EntityQuery:
    get = request.args.get
    return EntityQuery(project_id=project_id, name=list_name, filter=get("$filter"), search=get("$search"), order=order)


def _answer(write: Callable[[IO[bytes]], object], content_type: str) -> Response:
    response = answer_written(write, content_type)
    response.headers["OData-Version"] = "4.0"
    return response


def _write_page(table: EntityTable, options: PageOptions, selected: Selected, file: IO[bytes]) -> None:
    """Write a page as it is read; that there is another is only known at its end."""
    head: dict[str, object] = {"@odata.context": f"{service_root()}/$metadata#Entities"}
    if options.has_count:
        head["@odata.count"] = table.count()
    file.write(_dump(head)[:-1] + b',"value":[')
    page = table.page(skip=options.skip, limit=options.top, token=options.token)
    for number, row in enumerate(page):
        file.write((b",\n" if number else b"\n") + _dump(selected.cut(table.show(row))))
    link = {"@odata.nextLink": next_link(page.next)} if page.next else {}
    file.write(b"\n]" + (b"," + _dump(link)[1:] if link else b"}"))


def _write_features(features: Iterable[geojson.Json], file: IO[bytes]) -> None:
    file.write(b'{"type":"FeatureCollection","features":[')
    for number, feature in enumerate(features):
        file.write((b",\n" if number else b"\n") + _dump(feature))
    file.write(b"\n]}")


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
