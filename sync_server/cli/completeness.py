"""The command that says whether everything is here."""

from datetime import date, datetime
from typing import IO
from zoneinfo import ZoneInfo

import click

from sync_server.cli.node_completeness import write_text
from sync_server.cli.options import open_node
from sync_server.core.held_version import period_of_days
from sync_server.replication.comparison_csv import write_csv
from sync_server.replication.open_comparison import open_comparison
from sync_server.settings import Settings

_CSV = click.File("w", encoding="utf-8", lazy=True)
_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command(short_help="Say whether everything is on both nodes.")
@click.option("--project", "project_id", type=int, default=1, show_default=True, help="The project's number.")
@click.option("--peer", "name", required=True, help="Compare with this node, which this one calls.")
@click.option("--from", "first", type=_DAY, help="From this day on, by the first receipt of each submission.")
@click.option("--to", "last", type=_DAY, help="Up to this day, which is included.")
@click.option(
    "--csv", "csv_file", type=click.File("w", encoding="utf-8", lazy=True), help="Write CSV here; - prints it."
)
@click.pass_obj
def completeness(
    settings: Settings, project_id: int, name: str, first: datetime | None, last: datetime | None,
    csv_file: IO[str] | None,
) -> None:  # fmt: skip
    """Say what this node holds and another does not, and the other way round: exactly, by ids.

    Of each form and tablet how much is here and there; each submission, edit and file that one of the two lacks, and
    files that a submission names and neither has. Days are local. Exit 0 only when nothing is missing.
    """
    if first and last and first > last:
        raise click.UsageError("--from is after --to.")
    zone = ZoneInfo(settings.timezone)
    period = period_of_days(_date(first), _date(last), zone)
    with (
        open_node(settings) as node,
        open_comparison(node, None, project_id=project_id, name=name, period=period) as found,
    ):
        for line in write_csv(found, zone) if csv_file else write_text(found, zone):
            click.echo(line, file=csv_file, nl=csv_file is None)
    if found.missing:
        raise SystemExit(1)


def _date(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


COMMANDS = (completeness,)
