"""The command that says whether everything is here: of each tablet, or compared with another node."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import IO, Any
from zoneinfo import ZoneInfo

import click

from sync_server.cli import tablet_completeness
from sync_server.cli.node_completeness import write_text
from sync_server.cli.options import open_node
from sync_server.core.days import parse_day
from sync_server.core.held_version import period_of_days
from sync_server.core.tablet_completeness import SILENT_DAYS
from sync_server.node import Node
from sync_server.replication.comparison_csv import write_csv
from sync_server.replication.open_comparison import open_comparison
from sync_server.services.tablet_completeness import see_tablets
from sync_server.settings import Settings


class _Day(click.ParamType):
    """A day, such as 2026-11-23."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return parse_day(value)
        except ValueError:
            self.fail(f"{value} is no day: write it as in 2026-11-23.", param, ctx)


_DAY = _Day()


@click.command(short_help="Say whether everything is here: from each tablet, or compared with another node.")
@click.option("--project", "project_id", type=int, default=1, show_default=True, help="The project's number.")
@click.option("--peer", "name", help="Compare with this node, which this one calls.")
@click.option("--day", type=_DAY, metavar="YYYY-MM-DD", help="This day, such as 2026-11-23.")
@click.option("--from", "first", type=_DAY, metavar="YYYY-MM-DD", help="From this day on, by the first receipt.")
@click.option("--to", "last", type=_DAY, metavar="YYYY-MM-DD", help="Up to this day, which is included.")
@click.option(
    "--silent-days", type=click.IntRange(min=1), default=SILENT_DAYS, show_default=True,
    help="Name tablets that were not heard for so many days.",
)  # fmt: skip
@click.option(
    "--csv", "csv_file", type=click.File("w", encoding="utf-8", lazy=True), help="Write CSV here; - prints it."
)
@click.pass_obj
def completeness(
    settings: Settings, project_id: int, name: str | None, day: date | None, first: date | None,
    last: date | None, silent_days: int, csv_file: IO[str] | None,
) -> None:  # fmt: skip
    """Say whether everything is here. Days and times are local.

    Without --peer: of each tablet what came from it (by default today), what is silent or missing, and which numbers
    of its forms never came. A number that never came is a question, not a loss: a draft, a form deleted on the tablet
    and a number whose submission was erased look the same.

    With --peer: what this node holds and the other does not, and the other way round: exactly, by ids (by default of
    all time). Of each form and tablet how much is here and there; each submission, edit and file that one of the two
    lacks, and files that a submission names and neither has. Exit 0 only when nothing is missing.
    """
    if day is not None and (first is not None or last is not None):
        raise click.UsageError("Ask for one day with --day, or for several with --from and --to.")
    days = (day or first, day or last)
    if days[0] and days[1] and days[0] > days[1]:
        raise click.UsageError("--from is after --to.")
    with open_node(settings) as node:
        if name:
            _say_of_node(node, project_id, name, days, csv_file)
        else:
            _say_of_tablets(node, project_id, days, silent_days, csv_file)


def _say_of_tablets(
    node: Node, project_id: int, days: tuple[date | None, date | None], silent_days: int, csv_file: IO[str] | None
) -> None:
    report = see_tablets(
        node, None, project_id=project_id, now=datetime.now(UTC), silent_days=silent_days, first=days[0],
        last=days[1], patience=None,
    )  # fmt: skip
    _write(tablet_completeness.csv_rows(report) if csv_file else tablet_completeness.text_lines(report), csv_file)


def _say_of_node(
    node: Node, project_id: int, name: str, days: tuple[date | None, date | None], csv_file: IO[str] | None
) -> None:
    zone = ZoneInfo(node.settings.timezone)
    period = period_of_days(*days, zone)
    with open_comparison(node, None, project_id=project_id, name=name, period=period) as found:
        _write(write_csv(found, zone) if csv_file else write_text(found, zone), csv_file)
    if found.missing:
        raise SystemExit(1)


def _write(lines: Iterator[str], csv_file: IO[str] | None) -> None:
    """Print lines; those of a CSV have their line feeds."""
    for line in lines:
        click.echo(line, file=csv_file, nl=csv_file is None)


COMMANDS = (completeness,)
