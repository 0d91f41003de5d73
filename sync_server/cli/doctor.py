"""`sync-server doctor`: look at everything without changing anything; say how it stands and what to do."""

import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import click
import segno

from sync_server.cli.codes import draw_code
from sync_server.services.doctor.examination import examine
from sync_server.services.doctor.finding import Finding, Verdict
from sync_server.settings import Settings

WIDTH, MARGIN = 100, " " * 24
COLOURS = {Verdict.FINE: "green", Verdict.LOOK: "yellow", Verdict.ACT: "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@click.pass_obj
def doctor(settings: Settings, as_json: bool) -> None:
    """Look at disk, clock, network, database and all else without changing anything; exit 1 when something must be
    done now.

    Each point is fine, look (when there is time) or act (now). Works while the server runs, and without a database.
    """
    found = []
    for finding in examine(settings, now=datetime.now(UTC)):
        found.append(finding)
        if not as_json:
            _show(finding)
    if as_json:
        click.echo(json.dumps({"findings": [asdict(each) for each in found]}, ensure_ascii=False, indent=2))
    else:
        click.echo(_sum_up(found))
    if any(each.verdict is Verdict.ACT for each in found):
        raise SystemExit(1)


def _show(finding: Finding) -> None:
    verdict = click.style(f"{finding.verdict:<4}", fg=COLOURS[finding.verdict])
    first, *rest = _wrap(finding.found)
    click.echo(f"{verdict}  {finding.topic:<17} {first}")
    for line in (*rest, *_wrap(finding.advice and f"→ {finding.advice}")):
        click.echo(f"{MARGIN}{line}")
    if finding.url:
        click.echo(textwrap.indent(draw_code(segno.make(finding.url, error="l", micro=False)), MARGIN))


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH - len(MARGIN), break_long_words=False, break_on_hyphens=False)


def _sum_up(found: Sequence[Finding]) -> str:
    counts = {verdict: sum(each.verdict is verdict for each in found) for verdict in Verdict}
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items()) + "."


COMMANDS = (doctor,)
