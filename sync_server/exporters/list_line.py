"""The CSV of an entity list as tablets want it: name (the id), label, __version, then the properties."""

from collections.abc import Mapping, Sequence

from sync_server.core.entity_event import LABEL
from sync_server.exporters.csv_text import csv_line


def write_head(columns: Sequence[str]) -> str:
    """Write the first line; `columns` name the properties, and the label if it may be shown."""
    return csv_line(("name", LABEL, "__version", *_properties(columns)))


def write_line(columns: Sequence[str], entity_id: str, number: int, values: Mapping[str, str]) -> str:
    """Write one entity; where its label may not be shown, its id stands for it: tablets want one."""
    label = values.get(LABEL, "") if LABEL in columns else entity_id
    return csv_line((entity_id, label, str(number), *(values.get(name, "") for name in _properties(columns))))


def _properties(columns: Sequence[str]) -> Sequence[str]:
    return [name for name in columns if name != LABEL]
