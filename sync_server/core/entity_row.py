"""One entity as tables for people and programs show it (CSV, OData), with the names of its fields.

ODK Central counts versions 1, 2, 3. Ours are larger and skip (docs/decisions/0012-entities.md), so how often an entity
was updated is told by how many facts are known about it, the creation left out.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sync_server.core.entity_number import FINGERPRINTS

SYSTEM = ("createdAt", "creatorId", "creatorName", "updates", "updatedAt", "deletedAt", "version", "conflict")
HARD = "hard"  # Central's word for a conflict that a person has to settle
_NO_NAME = re.compile(r"\W+")


class EntityRow(NamedTuple):
    """One row. `values` are what it says of the list's properties, by their own names; "" and none are the same."""

    entity_id: str
    label: str
    number: int
    has_conflict: bool
    is_deleted: bool
    created_at: datetime
    changed_at: datetime
    creator_id: int | None
    creator_name: str | None
    values: Mapping[str, str]

    @property
    def updates(self) -> int:
        return self.number // FINGERPRINTS - 1

    @property
    def updated_at(self) -> datetime | None:
        """When it last changed; None for one that is as it was made."""
        return self.changed_at if self.updates > 0 else None


def odata_name(name: str) -> str:
    """Write a name with what OData allows in one: letters, digits and underscores."""
    return _NO_NAME.sub("_", name)


def name_fields(properties: Iterable[str]) -> dict[str, str]:
    """Say what each property is called in OData.

    No two are called the same: one that needs no change keeps its name, another gives way.
    """
    wanted = list(properties)
    named = {name: name for name in wanted if odata_name(name) == name}
    taken = set(named.values())
    for name in wanted:
        if name not in named:
            changed = odata_name(name)
            while changed in taken:
                changed += "_"
            named[name] = changed
            taken.add(changed)
    return {name: named[name] for name in wanted}


def write_moment(moment: datetime | None) -> str | None:
    """Write a moment in UTC as Central does: milliseconds, Z."""
    return None if moment is None else moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def write_row(row: EntityRow, fields: Mapping[str, str], *, has_label: bool = True) -> dict[str, Any]:
    """Write a row as OData's JSON; `fields` are the properties with their names there. No answer is null.

    Who may not see the label is shown null: clients take the field for granted.
    """
    written: dict[str, Any] = {"__id": row.entity_id, "label": row.label if has_label else None}
    written |= {field: row.values.get(name) or None for name, field in fields.items()}
    written["__system"] = _write_system(row)
    return written


def _write_system(row: EntityRow) -> dict[str, Any]:
    updated_at = write_moment(row.updated_at)
    return {
        "createdAt": write_moment(row.created_at),
        "creatorId": None if row.creator_id is None else str(row.creator_id),
        "creatorName": row.creator_name,
        "updates": row.updates,
        "updatedAt": updated_at,
        "deletedAt": write_moment(row.changed_at) if row.is_deleted else None,
        "version": row.number,
        "conflict": HARD if row.has_conflict else None,
    }
