"""Commands about copies of tablets: take in what is finished where the server is out of reach, or the tablet broke."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from sync_server.cli.counter import Counter
from sync_server.cli.options import open_node, when_not_found
from sync_server.cli.tablet_report import TabletReport
from sync_server.node import Node
from sync_server.services import import_tablet as importing
from sync_server.services.tablet_copy import TabletProject
from sync_server.services.tablet_instances import TabletInstance, TabletList, iter_instances, read_tablet_list
from sync_server.settings import Settings


@click.command("import-tablet", short_help="Take in forms copied from a tablet by cable.")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--project", "project_id", type=int, default=1, show_default=True, help="Number of the project.")
@click.option("--list", "is_list", is_flag=True, help="Only say what is in it; take nothing.")
@click.option("--take-undecided", is_flag=True, help="Also take what nothing says is finished.")
@click.pass_obj
def import_tablet(settings: Settings, folder: Path, project_id: int, is_list: bool, take_undecided: bool) -> None:
    """Take the finished forms from FOLDER, a copy of a tablet's ODK Collect, as submissions; list its drafts.

    FOLDER is a copy of Android/data/org.odk.collect.android/files, of one project in it, of a folder instances, or of
    one form's folder. Nothing is written there. What is here already is not taken twice. Exit 1 when something could
    not be read.
    """
    with open_node(settings) as node:
        with when_not_found(f"There is no project {project_id}. See those there are: sync-server project list"):
            found = importing.find_tablet_projects(node, folder, project_id)
        if is_list:
            were_whole = [_list(node, project_id, project) for project in found]
        else:
            project = importing.require_one(folder, found)
            were_whole = [_take(node, project_id, project, source=folder.resolve().name, undecided=take_undecided)]
    if not all(were_whole):
        raise SystemExit(1)


def _list(node: Node, project_id: int, project: TabletProject) -> bool:
    """Say what is in a project; return whether everything could be read."""
    known = _ask_list(node, project)
    report = TabletReport(ZoneInfo(node.settings.timezone))
    for instance in _counted(iter_instances(node, project_id, project, known)):
        report.add_seen(instance, importing.kind_of(node, project_id, instance))
    report.say_table()
    report.say_rest()
    return known.problem is None and report.is_whole


def _take(node: Node, project_id: int, project: TabletProject, *, source: str, undecided: bool) -> bool:
    """Take what is finished and say so, also where a full disk ends it early; return whether all could be read."""
    known = _ask_list(node, project)
    report = TabletReport(ZoneInfo(node.settings.timezone))
    try:
        for instance in _counted(iter_instances(node, project_id, project, known)):
            if importing.is_wanted(instance, undecided=undecided):
                now = datetime.now(UTC)
                taken = importing.take_instance(node, project_id, instance, source=source, now=now)
                report.add_taken(instance, taken)
            else:
                report.add_seen(instance, importing.standing_of(instance))
    finally:
        report.say_taken()
        report.say_rest()
        importing.note_import(node, project_id, source, report.counts)
    return known.problem is None and report.is_whole


def _ask_list(node: Node, project: TabletProject) -> TabletList:
    """Say what is looked at, and by what it is told whether a form is finished."""
    known = read_tablet_list(node, project)
    click.echo(f"{project.name}: {len(project.folders)} form folder(s) in {project.path}")
    if known.is_here:
        click.echo("What is finished is told by the tablet's list, metadata/instances.db.")
        return known
    why = f"cannot be read ({known.problem})" if known.problem else "is not in the copy"
    click.echo(
        f"The tablet's list, metadata/instances.db, {why}. Without it a form is known to be finished only when it is "
        "sealed or its audit log says so; others are undecided."
    )
    return known


def _counted(instances: Iterator[TabletInstance]) -> Iterator[TabletInstance]:
    counter = Counter()
    for number, instance in enumerate(instances, 1):
        yield instance
        counter("looked at", number)
    counter.clear()


COMMANDS = (import_tablet,)
