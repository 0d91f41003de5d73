"""Commands that look at the whole store: verify, rebuild, digest."""

import click

from sync_server.cli.counter import Counter
from sync_server.cli.options import open_node, when_not_found
from sync_server.node import Node
from sync_server.replication.dialling import Dialling
from sync_server.replication.greeting import introduce
from sync_server.services import consumers
from sync_server.services.digest_node import digest_for_peer, digest_node
from sync_server.services.office_overview import name_node
from sync_server.services.pair_nodes import find_peer
from sync_server.services.verify_node import verify_node
from sync_server.settings import Settings
from sync_server.store.holdings import EVERYTHING, Holding
from sync_server.store.peers import PeerNode
from sync_server.store.projects import find_uid


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
@click.option("--project", "project_id", type=int, help="Only of this project. [all]")
@click.option("--peer", "name", help="Compare with this node. [of project 1]")
@click.pass_obj
def digest(settings: Settings, project_id: int | None, name: str | None) -> None:
    """Print digests of what this node holds; two nodes with equal lines hold and show the same.

    With --peer, of what both must have in common: at the centre, what is in the hub's scope. Exit 1 when they differ.
    """
    with open_node(settings) as node:
        if name is not None:
            _compare(node, name, project_id or 1)
            return
        consumers.resolve_received(node)
        part = EVERYTHING if project_id is None else Holding(project_id)
        for each, value in digest_node(node, part).items():
            click.echo(f"{each:<12}{value}")


def _compare(node: Node, name: str, project_id: int) -> None:
    """Print the digests of both ends side by side; a hub, which cannot be called, is left to be compared by eye."""
    said = f"No node called {name} shares project {project_id}. See those there are: sync-server pair list"
    with when_not_found(said):
        peer = find_peer(node, None, name)
        with node.database.read() as session:
            uid = find_uid(session, project_id) or ""
        ours = digest_for_peer(node, peer, uid)
        theirs = _ask(node, peer, uid) if peer.is_centre else None
    for each, value in ours.items():
        same = "" if theirs is None else "  same" if theirs.get(each) == value else f"  there: {theirs.get(each)}"
        click.echo(f"{each:<12}{value}{same}")
    if theirs is None:
        click.echo(f"A hub calls by itself: compare there with sync-server digest --project N --peer {name_node(node)}")
    elif theirs != ours:
        raise click.ClickException("They differ. What is on its way yet, sync-server status says.")


def _ask(node: Node, peer: PeerNode, uid: str) -> dict[str, str]:
    with Dialling(node, peer) as dialling:
        remote = dialling()
        remote.meet(introduce(node, peer))
        return remote.digest(uid)


COMMANDS = (verify, rebuild, digest)
