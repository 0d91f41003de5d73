"""`sync-server demo`: fill a node with made-up tablets and submissions."""

import click

from sync_server.node import Node
from sync_server.services.make_demo import make_demo
from sync_server.settings import Settings


@click.command(short_help="Add made-up tablets and submissions.")
@click.option("--submissions", default=300, show_default=True, type=click.IntRange(1), help="How many to make.")
@click.option("--seed", default=20171220, show_default=True, help="Another number makes other submissions.")
@click.pass_obj
def demo(settings: Settings, submissions: int, seed: int) -> None:
    """Publish the shipped forms and add three tablets and made-up submissions. A second run adds nothing."""
    with Node.open(settings) as node:
        made = make_demo(node, submissions=submissions, seed=seed, progress=_say_progress)
    click.echo(f"Demo: {made.tablets} tablet(s) and {made.submissions} upload(s) added. Nobody in it is real.")


def _say_progress(sent: int) -> None:
    if sent % 50 == 0:
        click.echo(f"{sent} sent", err=True)


COMMANDS = (demo,)
