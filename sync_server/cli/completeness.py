"""The command that says whether everything is here."""

from datetime import UTC, date, datetime
from typing import IO

import click

from sync_server.cli import tablet_completeness
from sync_server.cli.options import open_node
from sync_server.core.tablet_completeness import SILENT_DAYS
from sync_server.services.tablet_completeness import see_tablets
from sync_server.settings import Settings

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command(short_help="Say of each tablet what came, what is silent, and which numbers never came.")
@click.option("--project", "project_id", type=int, default=1, show_default=True, help="The project's number.")
@click.option("--day", type=_DAY, metavar="YYYY-MM-DD", help="This day, such as 2026-11-23. By default today.")
@click.option("--from", "first", type=_DAY, metavar="YYYY-MM-DD", help="From this day on.")
@click.option("--to", "last", type=_DAY, metavar="YYYY-MM-DD", help="Up to this day, which is included.")
@click.option(
    "--silent-days",
    type=click.IntRange(min=1),
    default=SILENT_DAYS,
    show_default=True,
    help="Name tablets that were not heard for so many days.",
)
@click.option(
    "--csv", "csv_file", type=click.File("w", encoding="utf-8", lazy=True), help="Write CSV here; - prints it."
)
@click.pass_obj
def completeness(
    settings: Settings, project_id: int, day: datetime | None, first: datetime | None, last: datetime | None,
    silent_days: int, csv_file: IO[str] | None,
) -> None:  # fmt: skip
    """Say of each tablet what came from it, what is silent or missing, and which numbers of its forms never came.

    A number that never came is a question, not a loss: a draft, a form deleted on the tablet and a number whose
    submission was erased look the same. Days and times are local.
    """
    if day is not None and (first is not None or last is not None):
        raise click.UsageError("Ask for one day with --day, or for several with --from and --to.")
    with open_node(settings) as node:
        report = see_tablets(
            node, None, project_id=project_id, now=datetime.now(UTC), silent_days=silent_days,
            first=_date(day or first), last=_date(day or last), patience=None,
        )  # fmt: skip
    for line in tablet_completeness.csv_rows(report) if csv_file else tablet_completeness.text_lines(report):
        click.echo(line, file=csv_file)


def _date(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


COMMANDS = (completeness,)
