"""Read an OData `$select` over a table with the group `__system`, and cut rows to it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sync_server.entity_errors import EntityFieldUnknown

GROUP = "__system"


@dataclass(frozen=True, slots=True)
class Selected:
    """The fields to show, and those of the group; None is all of them."""

    fields: frozenset[str] | None = None
    in_group: frozenset[str] | None = None

    def cut(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Leave of a row what was asked for."""
        if self.fields is None:
            return dict(row)
        kept = {name: value for name, value in row.items() if name in self.fields}
        if self.in_group is not None and GROUP in kept:
            kept[GROUP] = {name: value for name, value in kept[GROUP].items() if name in self.in_group}
        return kept


def parse_selection(text: str, fields: Collection[str], in_group: Collection[str]) -> Selected:
    """Read `__id, label, __system/createdAt`; raise EntityFieldUnknown for what the table has not."""
    asked = [part.strip() for part in text.split(",")]
    if asked in ([""], ["*"]):
        return Selected()
    paths = {f"{GROUP}/{name}" for name in in_group}
    for name in asked:
        if name not in fields and name not in paths:
            raise EntityFieldUnknown(field=name[:60], allowed=", ".join([*fields, *sorted(paths)]))
    some = frozenset(name.partition("/")[2] for name in asked if name in paths)
    shown = frozenset(name for name in asked if name in fields)
    is_part = some and GROUP not in shown
    return Selected(shown | {GROUP} if some else shown, some if is_part else None)
