"""Write an entity list for people as CSV, with ODK Central's columns: what reads Central's file reads this one."""

from collections.abc import Iterable, Sequence
from typing import IO

from sync_server.core.entity_row import EntityRow, write_moment
from sync_server.exporters.csv_text import csv_line

_FIRST = ("__id", "label")
_LAST = ("__createdAt", "__creatorId", "__creatorName", "__updates", "__updatedAt", "__version")
_AT_A_TIME = 500


def write_entities(
    rows: Iterable[EntityRow], properties: Sequence[str], file: IO[bytes], *, has_label: bool = True
) -> None:
    """Write the head and a line for each row, a few hundred at a time; without `has_label` its cells are empty."""
    lines = [csv_line((*_FIRST, *properties, *_LAST))]
    for row in rows:
        lines.append(_line(row, properties, has_label))
        if len(lines) == _AT_A_TIME:
            file.write("".join(lines).encode())
            lines.clear()
    file.write("".join(lines).encode())


def _line(row: EntityRow, properties: Sequence[str], has_label: bool) -> str:
    values = row.values
    return csv_line((
        row.entity_id,
        row.label if has_label else "",
        *[values.get(name) or "" for name in properties],
        write_moment(row.created_at) or "",
        "" if row.creator_id is None else str(row.creator_id),
        row.creator_name or "",
        str(row.updates),
        write_moment(row.updated_at) or "",
        str(row.number),
    ))  # fmt: skip
