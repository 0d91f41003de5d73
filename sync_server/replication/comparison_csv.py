"""Write how two nodes compare as CSV: a row for each count, then one for each thing that only one of them holds."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from sync_server.core.held_version import HeldCount
from sync_server.exporters.csv_text import csv_line
from sync_server.replication.compare_nodes import Comparison, Finding

COLUMNS = (
    "what", "form", "instance", "edits", "version", "tablet", "received", "file", "file_bytes", "file_bytes_here",
    "here", "there",
)  # fmt: skip
_COUNTED = ("submissions", "edits", "files")


def write_csv(found: Comparison, zone: ZoneInfo) -> Iterator[str]:
    """Yield the lines, with their line feeds, while the comparison is made; times are those of the zone."""
    yield csv_line(COLUMNS)
    for here, there in found.pairs:
        yield from (csv_line(_count_cells(what, here, there)) for what in _COUNTED)
    for finding in found.read():
        yield csv_line(_cells(finding, zone))


def _count_cells(what: str, here: HeldCount, there: HeldCount) -> tuple[str, ...]:
    held = (str(getattr(here, what)), str(getattr(there, what)))
    return (what, here.form_id, "", "", "", here.device_id or "", "", "", "", "", *held)


def _cells(finding: Finding, zone: ZoneInfo) -> tuple[str, ...]:
    held = finding.held
    return (
        finding.what, held.form_id, held.instance_id, held.edits or "", held.version, held.device_id or "",
        held.received_at.astimezone(zone).isoformat(timespec="seconds"), finding.file or "",
        _number(finding.size), _number(finding.present), "", "",
    )  # fmt: skip


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
