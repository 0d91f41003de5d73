"""Commands about synchronising with other nodes: go a round now, and say how it stands."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from sync_server.cli.options import open_node, when_not_found
from sync_server.cli.progress_bar import ProgressBar, write_bytes
from sync_server.errors import Problem
from sync_server.node import Node
from sync_server.peer_errors import NoAddress, RoundUnderWay
from sync_server.replication import lease
from sync_server.replication.dialling import Dialling
from sync_server.replication.round import RoundReport, synchronise
from sync_server.services.pair_nodes import find_peer
from sync_server.services.peer_status import PeerStatus, RefusedItem, Withdrawn, peer_status
from sync_server.settings import Settings
from sync_server.store.peers import PeerNode, iter_peers

WAIT_SECONDS = 0.5
CLOCK_SECONDS = 120  # people set clocks by the minute


@click.command(short_help="Synchronise with the centre now.")
@click.argument("peer", required=False)
@click.pass_obj
def sync(settings: Settings, peer: str | None) -> None:
    """Go one round with each centre, or with PEER: records and files, both ways, until nothing is left.

    Exit 0 when everything is on both sides, else 1 with the reason.
    """
    with open_node(settings) as node:
        reports = [_go(node, centre) for centre in _centres(node, peer)]
    if not all(reports):
        raise SystemExit(1)


@click.command(short_help="Say how it stands with the other nodes.")
@click.argument("peer", required=False)
@click.pass_obj
def status(settings: Settings, peer: str | None) -> None:
    """Say of each paired node, or of PEER, what waits, what was refused, and how the last synchronisation went."""
    with open_node(settings) as node:
        wanted = _find(node, peer).id if peer else None
        found = [each for each in peer_status(node) if wanted in (None, each.id)]
    if not found:
        click.echo("This node is paired with no other.")
    for each in found:
        for line in _describe(each):
            click.echo(line)


def _centres(node: Node, name: str | None) -> list[PeerNode]:
    if name is not None:
        peer = _find(node, name)
        if not peer.is_centre:
            raise click.ClickException(f"{peer.name} is a hub: it calls this node by itself.")
        return [_require_address(peer)]
    with node.database.read() as session:
        centres = [peer for peer in iter_peers(session) if peer.is_centre and peer.is_active]
    if not centres:
        raise click.ClickException("This node is paired with no centre: sync-server pair accept URL CODE")
    return [centre for centre in centres if centre.is_dialled] or [_require_address(centres[0])]


def _require_address(centre: PeerNode) -> PeerNode:
    if centre.is_active and centre.url is None:
        raise NoAddress(name=centre.name)
    return centre


def _find(node: Node, name: str) -> PeerNode:
    with when_not_found(f"No node is called {name}. See those there are: sync-server pair list"):
        return find_peer(node, None, name)


def _go(node: Node, centre: PeerNode) -> bool:
    """Go a round with one centre and say what became of it; return whether all is quiet."""
    bar = ProgressBar()
    try:
        report = _synchronise(node, centre, bar)
    except Problem as problem:
        bar.clear()
        click.echo(f"{centre.name}: {problem.text}", err=True)
        return False
    bar.clear()
    click.echo(f"{centre.name}: {_tell(report)}", err=not report.is_quiet)
    return report.is_quiet


def _synchronise(node: Node, centre: PeerNode, bar: ProgressBar) -> RoundReport:
    while True:
        try:
            with Dialling(node, centre) as remote:
                return synchronise(node, centre.id, remote=remote, progress=bar)
        except RoundUnderWay:
            _wait_for_other(node, centre, bar)


def _wait_for_other(node: Node, centre: PeerNode, bar: ProgressBar) -> None:
    """Show how far the other process is until it is done: its round does the work of ours."""
    pause = threading.Event()
    while movement := next((each.movement for each in peer_status(node) if each.id == centre.id), None):
        if lease.is_orphaned(node, centre.id):
            return
        bar(movement)
        pause.wait(WAIT_SECONDS)


def _tell(report: RoundReport) -> str:
    came, went = report.records_in, report.records_out
    moved = f"{came.stored} received, {went.stored} sent, files {report.files_in} received, {report.files_out} sent"
    refused = came.refused + went.refused
    notes = f"; {refused} refused, see sync-server status" if refused else ""
    amount = write_bytes(report.movement.bytes_done)
    if report.is_quiet:
        return f"everything is on both sides ({moved}, {amount}{notes})"
    why = report.reason.text if report.reason else "It was stopped."
    return f"{why} So far: {moved}, {amount}{notes}"


def _describe(each: PeerStatus) -> Iterator[str]:
    yield f"{each.name} ({each.side}) {each.state}{f': {each.state_reason}' if each.state_reason else ''}"
    yield _line("node", f"{each.id}{f' at {each.url}' if each.url else ''}")
    yield _line("last heard", _when(each.seen_at))
    yield _line("records to send", _waiting(each))
    yield _line("files to send", f"{each.files_to_send:,}")
    yield _line("files awaited", f"{each.files_awaited:,} ({write_bytes(each.bytes_awaited)})")
    if each.side == "centre":
        yield from _describe_rounds(each)
    yield _line("its clock", _clock(each.clock_offset_seconds))
    yield from _describe_refused("refused here", each.refused_here, each.refused_here_count)
    yield from _describe_refused("refused there", each.refused_there, each.refused_there_count)
    yield from _describe_withdrawn("withdrawn there", each.withdrawals_out)
    yield from _describe_withdrawn("withdrawn here", each.withdrawals_in)


def _describe_rounds(each: PeerStatus) -> Iterator[str]:
    yield _line("last success", _when(each.succeeded_at))
    if each.error is not None:
        times = f" ({each.failures} times in a row)" if each.failures > 1 else ""
        yield _line("last failure", f"{_when(each.failed_at)}{times}: {each.error.text}")
    if each.movement is not None:
        yield _line("now", "it is being synchronised")
    elif each.is_wanted:
        yield _line("now", "somebody asked for a synchronisation")


def _describe_refused(name: str, items: tuple[RefusedItem, ...], count: int) -> Iterator[str]:
    if count:
        yield _line(name, f"{count:,}")
    for item in items:
        yield f"    {item.refused_at:%Y-%m-%d %H:%M} UTC  {item.reason:<18} {item.item}"


def _describe_withdrawn(name: str, withdrawn: tuple[Withdrawn, ...]) -> Iterator[str]:
    if withdrawn:
        yield _line(name, f"{len(withdrawn):,}")
    for each in withdrawn:
        done = f"removed {_when(each.done_at)}" if each.done_at else "not removed yet"
        yield f"    ordered {_when(each.ordered_at)}, {done}  {each.form_id} {each.root_id}"


def _waiting(each: PeerStatus) -> str:
    told = "it has taken nothing yet" if each.told_seq is None else f"it has change {each.told_seq:,} of {each.head:,}"
    return f"{each.records_to_send:,} ({told})"


def _clock(offset: float | None) -> str:
    if offset is None:
        return "not known yet"
    how = f"{abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} this one"
    return f"{how}; set the one that is wrong" if abs(offset) >= CLOCK_SECONDS else how


def _when(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else "never"


def _line(name: str, said: str) -> str:
    return f"  {name:<16} {said}"


COMMANDS = (sync, status)
