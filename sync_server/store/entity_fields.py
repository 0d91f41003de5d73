"""What one can filter, sort and search entities by: the fields of their table, each as SQL with its type.

The names are ODK Central's (`__id`, `label`, `__system/createdAt`), and the properties of the list by their own or by
their OData names. Properties are text; one that is empty has no answer, which is null.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, case, func, select

from sync_server.core.entity_event import LABEL
from sync_server.core.entity_number import FINGERPRINTS
from sync_server.core.entity_row import HARD, SYSTEM, name_fields
from sync_server.core.odata_filter import Property
from sync_server.entity_errors import EntityFieldUnknown
from sync_server.store.engine import by_code, text_under
from sync_server.store.tables import actors, entities

_e = entities.c


@dataclass(frozen=True, slots=True)
class EntityField:
    """`kind` is int, text or datetime; with `is_nullable` it can be null."""

    expression: ColumnElement[Any]
    kind: str
    is_nullable: bool = False


class EntityFields:
    """The fields of one list, as far as its reader may see them."""

    def __init__(self, properties: Iterable[str], *, has_label: bool = True) -> None:
        self.names = name_fields(properties)
        self._own = {odata: name for name, odata in self.names.items()} | {name: name for name in self.names}
        self._label = {LABEL: EntityField(by_code(_e.label), "text")} if has_label else {}

    def find(self, wanted: Property) -> EntityField:
        """Find a field by its path; raise EntityFieldUnknown."""
        path = str(wanted)
        if found := _SYSTEM.get(path) or self._label.get(path):
            return found
        if path in self._own:
            said = func.nullif(text_under(_e.data, self._own[path]), "", type_=Text())
            return EntityField(by_code(said), "text", is_nullable=True)
        known = ("__id", *self._label, *self.names.values(), *(f"__system/{name}" for name in SYSTEM))
        raise EntityFieldUnknown(field=path[:60], allowed=", ".join(known))

    def texts(self) -> list[ColumnElement[Any]]:
        """The label and every property, to look for words in."""
        labels = [_e.label] if self._label else []
        return [*labels, *(text_under(_e.data, name) for name in self.names)]


_updates = _e.number // FINGERPRINTS - 1
_creator_name = by_code(select(actors.c.display_name).where(actors.c.id == _e.creator_id).scalar_subquery())
_SYSTEM: Mapping[str, EntityField] = {
    "__id": EntityField(_e.entity_id, "text"),
    "name": EntityField(_e.entity_id, "text"),  # as tablets' files call it
    "__system/createdAt": EntityField(_e.created_at, "datetime"),
    "__system/updatedAt": EntityField(case((_updates > 0, _e.updated_at)), "datetime", is_nullable=True),
    "__system/deletedAt": EntityField(case((_e.is_deleted, _e.updated_at)), "datetime", is_nullable=True),
    "__system/creatorId": EntityField(_e.creator_id, "int", is_nullable=True),
    "__system/creatorName": EntityField(_creator_name, "text", is_nullable=True),
    "__system/updates": EntityField(_updates, "int"),
    "__system/version": EntityField(_e.number, "int"),
    "__system/conflict": EntityField(case((_e.has_conflict, HARD)), "text", is_nullable=True),
}
