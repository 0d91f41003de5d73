"""Read from a submission when it was begun and finished by the tablet's clock."""

from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from sync_server.core.instance_xml import local_name, parse_xml
from sync_server.core.xform import FormDefinition
from sync_server.errors import UnreadableXml


@dataclass(frozen=True, slots=True)
class TimePaths:
    """Where a form keeps the two: questions of type `start` and `end`, whatever they are called."""

    start: str = "/start"
    end: str = "/end"


def find_time_paths(definition: FormDefinition) -> TimePaths:
    """Find them by what fills them, not by their names."""
    named = {f.preload[1]: f.path for f in reversed(definition.fields) if f.preload and f.preload[0] == "timestamp"}
    return TimePaths(named.get("start", "/start"), named.get("end", "/end"))


def read_times(xml: bytes, paths: TimePaths) -> tuple[datetime | None, datetime | None]:
    """Read start and end; None for what is not there, cannot be read, or names no zone."""
    try:
        root = parse_xml(xml)
    except UnreadableXml:
        return None, None
    return _time(root, paths.start), _time(root, paths.end)


def _time(root: etree._Element, path: str) -> datetime | None:
    found = root
    for name in path.strip("/").split("/"):
        below = next((e for e in found.iterchildren(etree.Element) if local_name(e) == name), None)
        if below is None:
            return None
        found = below
    return _moment((found.text or "").strip())


def _moment(text: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(text)
        read.timestamp()  # a year that a zone pushes out of the calendar
    except (ValueError, OverflowError):
        return None
    return read if read.tzinfo and 1900 <= read.year < 3000 else None
