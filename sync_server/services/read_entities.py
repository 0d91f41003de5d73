"""Read an entity list in bulk: with a filter, a search and an order, a page or all of it (OData, CSV, GeoJSON)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from sync_server.core import geojson
from sync_server.core.entity_row import EntityRow, write_row
from sync_server.core.odata_filter import parse_filter
from sync_server.core.odata_order import parse_order
from sync_server.core.odata_search import parse_search
from sync_server.core.odata_skiptoken import read_skiptoken, write_skiptoken
from sync_server.node import Node
from sync_server.services import consumers
from sync_server.services.entity_view import EntityView, find_entity_view
from sync_server.store import entity_reads
from sync_server.store.accounts import Actor
from sync_server.store.entity_fields import EntityFields
from sync_server.store.entity_filter import Condition, condition_of, condition_of_search, existing, has_id
from sync_server.store.entity_reads import Rows, SortValues, place_of

# A reader that should be fresh waits so long for what has just come in, then shows what is there.
PATIENCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityQuery:
    """Which rows of which list, in the words of OData; or one entity by its id."""

    project_id: int
    name: str
    filter: str | None = None
    search: str | None = None
    order: str | None = None
    entity_id: str | None = None


class Page:
    """Rows, to be read once. When they are read, `next` is the token of the page behind; None: there is none."""

    def __init__(self, found: Iterator[tuple[EntityRow, SortValues]], limit: int | None) -> None:
        self._found = found
        self._limit = limit
        self.next: str | None = None

    def __iter__(self) -> Iterator[EntityRow]:
        last = None
        for number, (row, values) in enumerate(self._found):
            if number == self._limit:  # one more than was asked for, to know that there is one
                self.next = write_skiptoken(last) if last else None
                return
            last = place_of(row, values) if self._limit == number + 1 else None
            yield row


class EntityTable:
    """The rows of one list that an actor sees and asked for, on one snapshot of the database."""

    def __init__(self, session: Session, view: EntityView, asked: EntityQuery) -> None:
        self.view = view
        self._session = session
        fields = EntityFields(view.properties, has_label=view.has_label)
        self.fields = fields.names
        self._is_whole = not (asked.filter or asked.search or asked.entity_id or view.rows)
        order = entity_reads.sorted_by(parse_order(asked.order) if asked.order else (), fields)
        self._rows = Rows(view.list, (*view.rows, *_conditions(asked, fields)), order)

    def count(self) -> int:
        """Count the rows; of a whole list the number is known."""
        return self.view.list.served if self._is_whole else entity_reads.count_rows(self._session, self._rows)

    def show(self, row: EntityRow) -> dict[str, Any]:
        """Write a row as OData's JSON, as far as its reader may see it."""
        return write_row(row, self.fields, has_label=self.view.has_label)

    def rows(self) -> Iterator[EntityRow]:
        """Stream all rows."""
        return (row for row, _ in entity_reads.iter_rows(self._session, self._rows))

    def page(self, *, skip: int = 0, limit: int | None = None, token: str | None = None) -> "Page":
        """Read a page: from a position, or behind where the page with this token ended.

        Raises SkiptokenUnreadable for a token of another order.
        """
        after = read_skiptoken(token, self._rows.token_types) if token else None
        return Page(
            entity_reads.iter_rows(
                self._session,
                self._rows,
                skip=0 if after else skip,
                limit=None if limit is None else limit + 1,
                after=after,
            ),
            limit,
        )

    def features(self, *, limit: int | None = None) -> Iterator[geojson.Json]:
        """Stream the places among the rows, each from the property `geometry`."""
        if geojson.PROPERTY not in self.view.properties:
            return
        for row in self.rows():
            if limit == 0:
                return
            geometry = geojson.read_geometry(row.values.get(geojson.PROPERTY))
            if geometry is not None:
                yield geojson.write_feature(row.entity_id, geometry)
                limit = None if limit is None else limit - 1


@contextmanager
def open_entities(node: Node, actor: Actor | None, asked: EntityQuery) -> Iterator[EntityTable]:
    """Open the rows of a list, as of now; raise NotFound, InsufficientRights, and what is wrong with what was asked."""
    consumers.fold_received(node, seconds=PATIENCE_SECONDS)
    with node.database.read() as session:
        yield EntityTable(session, find_entity_view(node, session, actor, asked.project_id, asked.name), asked)


def _conditions(asked: EntityQuery, fields: EntityFields) -> Iterator[Condition]:
    expression = parse_filter(asked.filter) if asked.filter else None
    yield existing(expression)
    if expression is not None:
        yield condition_of(expression, fields, now=datetime.now(UTC))
    if asked.search:
        yield condition_of_search(parse_search(asked.search), fields)
    if asked.entity_id is not None:
        yield has_id(asked.entity_id)
