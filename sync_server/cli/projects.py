"""Commands about projects: add one, list them, set one aside."""

import click

from sync_server.cli.options import open_node, when_not_found
from sync_server.node import Node
from sync_server.services import projects
from sync_server.services.access import scope_of
from sync_server.services.projects import ProjectChanges
from sync_server.settings import Settings


@click.group()
def project() -> None:
    """Projects: add, list, archive."""


@project.command("add")
@click.argument("name")
@click.option("--description", default="", help="What it is for.")
@click.pass_obj
def add(settings: Settings, name: str, description: str) -> None:
    """Add the project NAME; forms, tablets and submissions of one are not seen in another."""
    with Node.open(settings) as node:
        added = projects.add_project(node, None, name, description=description)
    click.echo(f"Added project {added.id} ({added.name}). Publish its forms: sync-server publish --project {added.id}")


@project.command("list")
@click.pass_obj
def list_(settings: Settings) -> None:
    """List the projects: number, name, forms, tablets; the archived ones last."""
    with open_node(settings) as node:
        found = projects.list_projects(node, scope_of(node, None))
    for each in found:
        held = f"{each.counts.forms} forms\t{each.counts.app_users} tablets"
        marks = [mark for mark, holds in _marks(each.project.is_archived, each.project.key_id) if holds]
        click.echo("\t".join([str(each.project.id), each.project.name, held, *marks]))


@project.command("archive")
@click.argument("project_id", type=int)
@click.option("--undo", is_flag=True, help="Take it back.")
@click.pass_obj
def archive(settings: Settings, project_id: int, undo: bool) -> None:
    """Set the project PROJECT_ID aside: it comes last in lists. Its tablets go on as they did."""
    with open_node(settings) as node, when_not_found(f"There is no project {project_id}."):
        changed = projects.change_project(node, None, project_id, ProjectChanges(is_archived=not undo))
    click.echo(f"Project {changed.id} ({changed.name}) is {'active' if undo else 'archived'}.")


def _marks(is_archived: bool, key_id: int | None) -> tuple[tuple[str, bool], ...]:
    return (("archived", is_archived), ("encrypted", key_id is not None))


COMMANDS = (project,)
