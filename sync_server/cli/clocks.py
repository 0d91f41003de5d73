"""The command about tablets' clocks: by how much each was off, and when its submissions were finished instead."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from sync_server.cli.options import open_node
from sync_server.core.clock_summary import WrongFor
from sync_server.core.tablet_clock import TabletClock
from sync_server.exporters.clock_csv import write_offsets, write_times
from sync_server.services.repair_clocks import Wanted, repair_clocks
from sync_server.settings import Settings

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))

_Say = Callable[[datetime | None], str]


@click.command(short_help="Say which tablets' clocks were wrong, and propose the right times.")
@click.option("--project", "project_id", type=int, help="Only this project's submissions.")
@click.option("--form", "form_id", help="Only this form's submissions.")
@click.option("--device", help="Only this tablet: as it calls itself, or its name or number in the list of tablets.")
@click.option("--submissions", "is_each", is_flag=True, help="Every submission with another time than its own.")
@click.option("--csv", "is_csv", is_flag=True, help="As CSV; with --submissions also those left as they are.")
@click.pass_obj
def clocks(
    settings: Settings, project_id: int | None, form_id: str | None, device: str | None, is_each: bool, is_csv: bool
) -> None:
    """Say by how much tablets' clocks were off, since when, and for how many submissions.

    Nothing is changed: what the tablet said stays, and beside it stand a proposed time, from when to when it may have
    been, and why. Times are local. An offset is the tablet's clock minus the true time.
    """
    zone = ZoneInfo(settings.timezone)

    def say(moment: datetime | None) -> str:
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %z}" if moment else ""

    with open_node(settings) as node:
        found = repair_clocks(node, None, Wanted(project_id=project_id, form_id=form_id, device=device))
        if is_csv:
            for line in (write_times if is_each else write_offsets)(found, zone):
                click.echo(line, nl=False)
        else:
            _write_text(found, say, is_each=is_each)


def _write_text(found: Iterable[TabletClock], say: _Say, *, is_each: bool) -> None:
    tablets = repaired = 0
    for tablet in found:
        tablets += 1
        repaired += sum(each.proposal.is_repair for each in tablet.submissions)
        lines = list(_each_line(tablet, say) if is_each else (_wrong_line(each, say) for each in tablet.wrong))
        if lines:
            click.echo(f"{tablet.device} ({tablet.name or 'no name'}): {len(tablet.submissions)} submission(s)")
        for line in lines:
            click.echo(f"  {line}")
    click.echo(f"{tablets} tablet(s); another time is proposed for {repaired} submission(s).")


def _wrong_line(each: WrongFor, say: _Say) -> str:
    between = f"{_length(each.offsets.low)} to {_length(each.offsets.high)}"
    when = f"{say(each.since)} to {say(each.until)}"
    return f"{_length(each.offset)} ({between}), {each.submissions} submission(s), {when}: {each.reason.text}"


def _each_line(tablet: TabletClock, say: _Say) -> Iterator[str]:
    for each in tablet.submissions:
        p = each.proposal
        if p.is_repair:
            between = f"{say(p.earliest)} to {say(p.latest)}"
            yield f"{each.instance_id}: {say(p.original)} → {say(p.proposed)} ({between}): {p.reason.text}"


def _length(seconds: float) -> str:
    """Say an offset in its largest unit, such as +3.0 h; positive is ahead."""
    size, unit = next(((size, unit) for size, unit in _UNITS if abs(seconds) >= size), (1, "s"))
    return f"{seconds / size:+.1f} {unit}"


COMMANDS = (clocks,)
