"""The command that takes a CSV into an entity list, or says what that would do."""

from pathlib import Path

import click

from sync_server.cli.entity_options import in_project, no_list
from sync_server.cli.options import open_node, when_not_found
from sync_server.core.entity_event import LABEL
from sync_server.services.edit_entities import ListPlace
from sync_server.services.plan_upload import PlannedRow
from sync_server.services.upload_entities import UploadPlan, preview_upload, upload_entities
from sync_server.settings import Settings


@click.command("upload", short_help="Take a CSV into a list, or say what that would do.")
@click.argument("name", metavar="LIST")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--preview", is_flag=True, help="Only say what the file would do.")
@click.option("--update", is_flag=True, help="Let it change entities that are there; else it only creates.")
@in_project
@click.pass_obj
def upload(settings: Settings, name: str, file: Path, preview: bool, update: bool, project_id: int) -> None:
    """Take the CSV FILE into LIST, all or nothing: columns name (the id), label, and properties."""
    place = ListPlace(project_id, name, source=file.name)
    with open_node(settings) as node, when_not_found(no_list(name, project_id)), file.open("rb") as content:
        if preview:
            plan = preview_upload(node, place, content)
        else:
            plan = upload_entities(node, place, content, may_change=update)
    _say(plan, is_preview=preview)


def _say(plan: UploadPlan, *, is_preview: bool) -> None:
    for row in plan.changes:
        click.echo(_line(row))
    if plan.changed > len(plan.changes):
        click.echo(f"… {plan.changed - len(plan.changes)} more")
    begin = "Nothing is changed yet. It would be" if is_preview else "Done:"
    click.echo(f"{begin} created {plan.created}, changed {plan.changed}, unchanged {plan.unchanged}.")


def _line(row: PlannedRow) -> str:
    label = row.sees.data.get(LABEL, "") if row.sees else ""
    said = ", ".join(f"{name} '{before}' → '{after}'" for name, (before, after) in row.differences.items())
    return f"row {row.row}  {label}: {said}"


COMMANDS = (upload,)
