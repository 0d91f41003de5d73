"""Write as text how two nodes compare: how much each holds, and what is missing where."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from sync_server.cli.printable import printable
from sync_server.cli.progress_bar import write_bytes
from sync_server.core.held_version import HeldCount
from sync_server.replication.compare_nodes import (
    ERASED_HERE,
    ERASED_THERE,
    FILE_HERE,
    FILE_NOWHERE,
    FILE_THERE,
    MISSING_HERE,
    MISSING_THERE,
    WITHDRAWN_THERE,
    Comparison,
    Finding,
)

_WORDS = {
    MISSING_HERE: "missing here",
    MISSING_THERE: "missing at {there}",
    FILE_HERE: "file not here yet",
    FILE_THERE: "file not at {there} yet",
    FILE_NOWHERE: "file at neither node",
    ERASED_HERE: "erased here, and not at {there} yet",
    ERASED_THERE: "erased at {there}, and not here yet",
    WITHDRAWN_THERE: "ordered back by {there}",
}


def write_text(found: Comparison, zone: ZoneInfo) -> Iterator[str]:
    """Yield the lines of a comparison while it is made; times are those of the zone."""
    there = printable(found.there_name)
    yield f"{'form':<24} {'tablet':<32} {'here':>9} {'there':>9}  ({there})"
    for here, other in found.pairs:
        yield _count_line(here, other)
    for finding in found.read():
        yield printable(_line(finding, there, zone))
    if found.missing:
        yield f"{found.missing} thing(s) have still to arrive: what is on its way comes with a synchronisation."
    else:
        yield f"Everything that {there} has is here, and everything that is here is at {there}."


def _line(finding: Finding, there: str, zone: ZoneInfo) -> str:
    held = finding.held
    edit = f", an edit of {held.edits}" if held.edits else ""
    return (
        f"{_WORDS[finding.what].format(there=there)}: {held.form_id} {held.instance_id}{edit}{_file(finding)}, "
        f"received {held.received_at.astimezone(zone):%Y-%m-%d %H:%M %z} from {held.device_id or 'no tablet named'}, "
        f"version {held.version[:12]}"
    )


def _count_line(here: HeldCount, there: HeldCount) -> str:
    form, tablet = printable(here.form_id), printable(here.device_id or "(no tablet named)")
    more = f"  {here.edits}/{there.edits} edits" if here.edits or there.edits else ""
    files = f"  {here.files}/{there.files} files" if here.files or there.files else ""
    differs = "" if here == there else "  differs"
    return f"{form:<24} {tablet:<32} {here.submissions:>9,} {there.submissions:>9,}{more}{files}{differs}"


def _file(finding: Finding) -> str:
    if finding.file is None:
        return ""
    if finding.size is None:
        return f" {finding.file}"
    here = f"{write_bytes(finding.present)} of " if finding.present is not None else ""
    return f" {finding.file} ({here}{write_bytes(finding.size)})"
