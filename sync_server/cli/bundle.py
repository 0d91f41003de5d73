"""Commands about bundles: what goes from one node to another on a stick, where there is no line."""

from pathlib import Path

import click

from sync_server.cli.options import open_node, when_not_found
from sync_server.cli.progress_bar import ProgressBar, write_bytes
from sync_server.replication.bundle_acks import read_acknowledgements
from sync_server.replication.bundle_make import VOLUME_BYTES, MadeBundle, make_bundle
from sync_server.replication.bundle_take import TakenBundle, take_bundle
from sync_server.services.pair_nodes import find_peer
from sync_server.settings import Settings

FILE = click.Path(path_type=Path, dir_okay=False)
VOLUME_MB = VOLUME_BYTES // 1_000_000


@click.group()
def bundle() -> None:
    """Between nodes without a line: make a bundle on a stick, take one."""


@bundle.command("make")
@click.argument("file", type=FILE)
@click.option("--for", "peer", required=True, metavar="PEER", help="The node it is for: only that one can open it.")
@click.option(
    "--volume-mb",
    type=click.IntRange(1, VOLUME_MB),
    default=VOLUME_MB,
    show_default=True,
    help="Largest file on the stick; FAT32 takes no larger ones than this.",
)
@click.option("--all", "is_whole", is_flag=True, help="Everything, also what PEER is known to have.")
@click.pass_obj
def make(settings: Settings, file: Path, peer: str, volume_mb: int, is_whole: bool) -> None:  # fmt: skip
    """Write to FILE what PEER does not have yet, encrypted to it and signed.

    An acknowledgement of PEER (*.ack) that lies in the same folder is read first. Repeated after a stick was pulled
    out, it goes on where it was.
    """
    bar = ProgressBar()
    with open_node(settings) as node, when_not_found(_no_peer(peer)):
        found = find_peer(node, None, peer)
        try:
            made = make_bundle(
                node, found.id, file, volume_bytes=volume_mb * 1_000_000, is_whole=is_whole,
                lacking=read_acknowledgements(node, found.id, file.absolute().parent), progress=bar,
            )  # fmt: skip
        finally:
            bar.clear()
    for line in tell_made(made, found.name):
        click.echo(line)


@bundle.command("take")
@click.argument("file", type=FILE)
@click.pass_obj
def take(settings: Settings, file: Path) -> None:
    """Take the bundle or acknowledgement FILE, after all of it was checked.

    FILE.ack is left beside it for the way back.
    """
    bar = ProgressBar()
    with open_node(settings) as node:
        try:
            taken = take_bundle(node, file, progress=bar)
        finally:
            bar.clear()
    for line in tell_taken(taken):
        click.echo(line)


def tell_made(made: MadeBundle, name: str) -> list[str]:
    lines = [f"Went on after {made.went_on_after} volume(s) that were there."] if made.went_on_after else []
    counted = f"{made.records:,} record(s), {made.files:,} file(s), {write_bytes(made.size)}"
    lines.append(f"Made {made.path} for {name}: {counted}.")
    if made.volumes > 1:
        lines.append(f"It has {made.volumes} volumes: {made.path.name}.001 and so on belong to it.")
    return lines


def tell_taken(taken: TakenBundle) -> list[str]:
    if taken.is_acknowledgement:
        said = " It is older than what was heard since." if taken.is_late else ""
        return [f"{taken.name} says how much it has: the next bundle for it begins there.{said}"]
    lines = [f"Taken from {taken.name}: {taken.stored:,} new, {taken.known:,} known, {taken.files:,} file(s)."]
    if taken.refused:
        lines.append(f"{taken.refused:,} refused: sync-server status names them.")
    if taken.is_late:
        lines.append("It came late: later word was here before it.")
    if taken.acknowledgement:
        lines.append(f"Leave {taken.acknowledgement.name} on the stick: with it the next bundle is small.")
    else:
        lines.append(f"No acknowledgement could be left beside it, so the next one is larger. {taken.not_acknowledged}")
    return lines


def _no_peer(name: str) -> str:
    return f"No node is called {name}. See those there are: sync-server pair list"


COMMANDS = (bundle,)
