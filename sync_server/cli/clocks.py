"""The command about tablets' clocks: by how much each was off, and when its submissions were finished instead."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from sync_server.cli.options import open_node
from sync_server.core.clock_summary import WrongFor
from sync_server.exporters.csv_text import csv_line
from sync_server.services.repair_clocks import SubmissionTime, TabletClock, repair_clocks
from sync_server.settings import Settings

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))
_WRONG = (
    "device", "name", "offset_seconds", "offset_from", "offset_to", "submissions", "since", "until", "reason", "why",
)  # fmt: skip
_TIMES = (
    "device", "name", "project", "form", "instance", "received", "original", "proposed", "earliest", "latest",
    "reason", "why",
)  # fmt: skip

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
        if moment is None:
            return ""
        local = moment.astimezone(zone)
        return local.isoformat(timespec="milliseconds") if is_csv else f"{local:%Y-%m-%d %H:%M %z}"

    with open_node(settings) as node:
        found = repair_clocks(node, None, project_id=project_id, form_id=form_id, device=device)
        if is_csv:
            _write_csv(found, say, is_each=is_each)
        else:
            _write_text(found, say, is_each=is_each)


def _write_csv(found: Iterable[TabletClock], say: _Say, *, is_each: bool) -> None:
    click.echo(csv_line(_TIMES if is_each else _WRONG), nl=False)
    for tablet in found:
        rows = (_time_cells(each, say) for each in tablet.submissions) if is_each else _wrong_rows(tablet, say)
        for cells in rows:
            click.echo(csv_line((tablet.device, tablet.name, *cells)), nl=False)


def _wrong_rows(tablet: TabletClock, say: _Say) -> Iterator[Sequence[str]]:
    for each in tablet.wrong:
        offsets = (each.offset, each.offsets.low, each.offsets.high)
        yield (
            *(f"{offset:.0f}" for offset in offsets), str(each.submissions), say(each.since), say(each.until),
            each.reason.value, each.reason.text,
        )  # fmt: skip


def _time_cells(each: SubmissionTime, say: _Say) -> Sequence[str]:
    p = each.proposal
    times = (say(p.received_at), say(p.original), say(p.proposed), say(p.earliest), say(p.latest))
    return (str(each.project_id), each.form_id, each.instance_id, *times, p.reason.value, p.reason.text)


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
