"""Commands about forms: publish them, list them, close and reopen them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from sync_server.cli.options import no_form, open_node, when_not_found
from sync_server.errors import FormWarnings, NotFound, Problem
from sync_server.node import Node
from sync_server.services.form_state import set_form_state
from sync_server.services.publish_folder import find_missing_media, is_source, iter_sources, put_changed_media
from sync_server.services.publish_form import publish_form
from sync_server.services.seed_lists import seed_lists
from sync_server.services.shipped_forms import lists_beside
from sync_server.settings import Settings
from sync_server.store import forms
from sync_server.store.forms import CLOSED, CLOSING, OPEN, FormVersion

_project = click.option("--project", default=1, show_default=True, help="Number of the project.")


@click.command(short_help="Publish forms: files, or folders of them.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@_project
@click.option("--ignore-warnings", is_flag=True, help="Publish although there are warnings.")
@click.pass_obj
def publish(settings: Settings, paths: tuple[Path, ...], project: int, ignore_warnings: bool) -> None:
    """Publish forms: .xlsx, .md or XForm .xml files, or folders of them.

    A folder `media` beside a form holds the files it names; those that changed replace what tablets have. A folder
    `lists` in a folder of forms holds entity lists: what is missing of them is made.
    """
    failed = False
    with Node.open(settings) as node, when_not_found(f"There is no project {project}."):
        published: list[tuple[Path, FormVersion]] = []
        for path in _sources(paths):
            try:
                published.append((path, _publish(node, path, project, ignore_warnings=ignore_warnings)))
            except NotFound:
                raise
            except Problem as problem:
                failed = True
                _say_problem(path, problem)
        for folder in filter(Path.is_dir, paths):
            for seeded in seed_lists(node, lists_beside(folder), project_id=project):
                click.echo(f"List {seeded.name}: {seeded.created} made")
        for path, version in published:
            _say_missing(node, version, path)
    if failed:
        raise SystemExit(1)


@click.group()
def form() -> None:
    """List forms, close and reopen them."""


@form.command("list")
@_project
@click.pass_obj
def list_(settings: Settings, project: int) -> None:
    """List the forms of a project: id, version, state, title."""
    with open_node(settings) as node, node.database.read() as session:
        found = list(forms.iter_forms(session, project))
    if not found:
        click.echo(f"Project {project} has no form yet: sync-server publish FILE")
    for each in found:
        current = each.current
        click.echo(f"{each.form_id:<32} {current.version or '-':<14} {each.state:<8} {current.title}")


def _state_command(name: str, state: str, short: str, help_text: str, told: str) -> click.Command:
    @click.command(name, help=help_text, short_help=short)
    @click.argument("form_id")
    @_project
    @click.option("--reason", default="", help="Why; kept with the decision.")
    @click.pass_obj
    def command(settings: Settings, form_id: str, project: int, reason: str) -> None:
        with open_node(settings) as node, when_not_found(no_form(form_id, project)):
            set_form_state(node, None, form_id, state, project_id=project, reason=reason)
        click.echo(f"{form_id} {told}")

    return command


form.add_command(
    _state_command(
        "close",
        CLOSED,
        "Close a form; what tablets still send waits for a person.",
        "Close a form: tablets no longer get it; what they still send is stored and waits for a person.",
        "is closed. Tablets no longer get it; what they still send is stored and waits for a person.",
    )
)
form.add_command(
    _state_command(
        "closing",
        CLOSING,
        "Offer a form no more, and go on taking what was filled.",
        "Take a form off the tablets' list, and go on taking what was filled.",
        "is closing. Tablets no longer get it; what was filled is still taken.",
    )
)
form.add_command(
    _state_command(
        "reopen",
        OPEN,
        "Offer a form to tablets again.",
        "Offer a form to tablets again.",
        "is open. Tablets get it at their next sync.",
    )
)


def _sources(paths: tuple[Path, ...]) -> Iterator[Path]:
    for path in paths:
        found = list(iter_sources(path)) if path.is_dir() else [path] if is_source(path) else []
        if not found:
            raise click.UsageError(f"{path}: no form here. Give .xlsx, .md or .xml files, or a folder with them.")
        yield from found


def _publish(node: Node, path: Path, project: int, *, ignore_warnings: bool) -> FormVersion:
    began = datetime.now(UTC)
    version = publish_form(
        node,
        None,
        path.read_bytes(),
        project_id=project,
        source_name=path.name,
        fallback_form_id=path.stem,
        ignore_warnings=ignore_warnings,
    )
    is_new = version.published_at >= began
    said = "Published" if is_new else f"Published already on {version.published_at:%Y-%m-%d}:"
    click.echo(f"{said} {version.form_id} version {version.version or '(none)'}")
    for warning in version.warnings if is_new else []:
        click.echo(f"  warning: {warning}", err=True)
    for name in put_changed_media(node, version, path.parent / "media"):
        click.echo(f"  media: {name}")
    return version


def _say_missing(node: Node, version: FormVersion, path: Path) -> None:
    for name in find_missing_media(node, version):
        where = path.parent / "media"
        click.echo(f"Missing for {version.form_id}: {name}. Put it into {where} and publish again.", err=True)


def _say_problem(path: Path, problem: Problem) -> None:
    click.echo(f"{path}: {problem.text}", err=True)
    if isinstance(problem, FormWarnings):
        warnings = problem.details["warnings"]
        for text in [*warnings["xlsFormWarnings"], *(finding["reason"] for finding in warnings["workflowWarnings"])]:
            click.echo(f"  warning: {text}", err=True)


COMMANDS = (publish, form)
