"""Commands about forms of which two nodes had another one under the same id and version."""

import click

from sync_server.cli.forms import form
from sync_server.cli.options import open_node, when_not_found
from sync_server.services.form_variants import list_variants, settle_variant
from sync_server.settings import Settings

SHOWN = 12  # digits of a sha256: enough to name one


@form.command("variants")
@click.option("--project", type=int, help="Only this project's.")
@click.pass_obj
def variants(settings: Settings, project: int | None) -> None:
    """List forms that another node had under the same id and version, and that nobody has looked at yet."""
    with open_node(settings) as node:
        found = list_variants(node, None, project)
    if not found:
        click.echo("There is no variant to settle.")
    for each in found:
        place = f"project {each.project_id}  {each.form_id:<32} {each.version or '-':<14} {each.sha256[:SHOWN]}"
        click.echo(f"{place}  from node {each.node}, {each.noticed_at:%Y-%m-%d}  {each.title}")


@form.command("settle")
@click.argument("form_id")
@click.argument("version")
@click.argument("sha")
@click.option("--project", default=1, show_default=True, help="Number of the project.")
@click.pass_obj
def settle(settings: Settings, form_id: str, version: str, sha: str, project: int) -> None:
    """Note that you have looked at the variant SHA of FORM_ID VERSION ('-' for a form without a version).

    The form in force stays in force, and the variant is kept.
    """
    said = f"There is no such variant of {form_id}. See those there are: sync-server form variants"
    with open_node(settings) as node, when_not_found(said):
        settled = settle_variant(node, None, form_id, "" if version == "-" else version, sha, project_id=project)
    click.echo(f"Settled: {form_id} {settled.version or '-'} {settled.sha256[:SHOWN]}")


COMMANDS = (form,)
