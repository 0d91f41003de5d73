"""Commands that look at the whole store: verify, rebuild, digest."""

import click

from sync_server.cli.counter import Counter
from sync_server.cli.options import open_node
from sync_server.services import consumers
from sync_server.services.digest_node import digest_node
from sync_server.services.verify_node import verify_node
from sync_server.settings import Settings


@click.command(short_help="Check every row and every file.")
@click.pass_obj
def verify(settings: Settings) -> None:
    """Check every row and every file; exit 1 when something is wrong."""
    counter = Counter()
    with open_node(settings) as node:
        faults = 0
        for finding in verify_node(node, progress=lambda done: counter("checked", done)):
            counter.clear()
            click.echo(finding, err=True)
            faults += 1
    counter.finish()
    if faults:
        raise click.ClickException(f"{faults} fault(s) found. Restore what is named from a back-up or another node.")
    click.echo("Everything stored is whole.")


@click.command(short_help="Make everything derived again.")
@click.pass_obj
def rebuild(settings: Settings) -> None:
    """Drop everything derived and make it again from what was received and decided."""
    with open_node(settings) as node:
        consumers.rebuild(node)
    click.echo("Rebuilt.")


@click.command(short_help="Print digests, to compare two nodes.")
@click.pass_obj
def digest(settings: Settings) -> None:
    """Print digests of what this node holds; two nodes with equal lines hold and show the same."""
    with open_node(settings) as node:
        consumers.resolve_received(node)
        for name, value in digest_node(node).items():
            click.echo(f"{name:<12}{value}")


COMMANDS = (verify, rebuild, digest)
